namespace LguestPS.Histories;

/// <summary>The arguments of Linux's system calls on i386, by the name of the function that does each.</summary>
internal static class SystemCalls
{
    private const string Table =
        """
        access filename mode|acct name|adjtimex txc|alarm seconds|bdflush func data|brk brk|capget header data|capset header data|chdir filename|chmod filename mode|
        chown filename user group|chroot filename|clock_getres clock tp|clock_gettime clock tp|clock_nanosleep clock flags rqtp rmtp|clock_settime clock tp|clone flags newsp parent tls child|
        close fd|creat pathname mode|delete_module name flags|dup fd|dup2 oldfd newfd|dup3 oldfd newfd flags|epoll_create size|epoll_create1 flags|epoll_ctl epfd op fd event|
        epoll_wait epfd events maxevents timeout|eventfd count|eventfd2 count flags|execve filename argv envp|exit code|exit_group code|faccessat dfd filename mode|fadvise64 fd offset len advice|
        fallocate fd mode offset len|fchdir fd|fchmod fd mode|fchmodat dfd filename mode|fchown fd user group|fchownat dfd filename user group flag|fcntl fd cmd arg|fcntl64 fd cmd arg|
        fdatasync fd|fgetxattr fd name value size|flock fd cmd|fork|fstat fd statbuf|fstat64 fd statbuf|fstatat64 dfd filename statbuf flag|fstatfs fd buf|fstatfs64 fd size buf|fsync fd|
        ftruncate fd length|ftruncate64 fd length|futex uaddr op val utime uaddr2 val3|futimesat dfd filename utimes|getcwd buf size|getdents fd dirent count|getdents64 fd dirent count|
        getegid|getegid16|geteuid|geteuid16|getgid|getgid16|getgroups size list|getitimer which value|getpgid pid|getpgrp|getpid|getppid|getpriority which who|getresgid rgid egid sgid|
        getresuid ruid euid suid|getrlimit resource rlim|getrusage who ru|getsid pid|gettid|gettimeofday tv tz|getuid|getuid16|getxattr path name value size|init_module umod len uargs|
        inotify_add_watch fd path mask|inotify_init|inotify_init1 flags|inotify_rm_watch fd wd|io_destroy ctx|io_getevents ctx min nr events timeout|io_setup nr ctx|io_submit ctx nr iocbpp|
        ioctl fd cmd arg|ioperm from num on|iopl level|ioprio_get which who|ioprio_set which who ioprio|ipc call first second third ptr fifth|kill pid sig|lchown filename user group|
        link oldname newname|linkat olddfd oldname newdfd newname flags|llseek fd high low result origin|lookup_dcookie cookie buf len|lseek fd offset origin|lstat filename statbuf|
        lstat64 filename statbuf|madvise start len behavior|mincore start len vec|mkdir pathname mode|mkdirat dfd pathname mode|mknod filename mode dev|mknodat dfd filename mode dev|
        mlock start len|mlockall flags|mmap arg|mmap2 addr len prot flags fd pgoff|mmap_pgoff addr len prot flags fd pgoff|modify_ldt func ptr bytecount|mount dev dir type flags data|
        mprotect start len prot|mremap addr old_len new_len flags new_addr|msync start len flags|munlock start len|munlockall|munmap addr len|nanosleep rqtp rmtp|newfstat fd statbuf|
        newlstat filename statbuf|newstat filename statbuf|newuname name|nice increment|old_mmap arg|old_select arg|oldumount name|olduname name|open filename flags mode|
        openat dfd filename flags mode|pause|personality personality|pipe fildes|pipe2 fildes flags|pivot_root new old|poll fds nfds timeout|ppoll fds nfds tsp sigmask size|
        prctl option arg2 arg3 arg4 arg5|pread64 fd buf count pos|preadv fd vec vlen pos|prlimit64 pid resource new old|pselect6 n inp outp exp tsp sig|ptrace request pid addr data|
        pwrite64 fd buf count pos|pwritev fd vec vlen pos|quotactl cmd special id addr|read fd buf count|readahead fd offset count|readlink path buf bufsiz|readlinkat dfd path buf bufsiz|
        readv fd vec vlen|reboot magic1 magic2 cmd arg|rename oldname newname|renameat olddfd oldname newdfd newname|rmdir pathname|rt_sigaction sig act oact size|rt_sigpending set size|
        rt_sigprocmask how set oset size|rt_sigqueueinfo pid sig info|rt_sigreturn regs|rt_sigsuspend newset size|rt_sigtimedwait these info ts size|sched_get_priority_max policy|
        sched_get_priority_min policy|sched_getaffinity pid len mask|sched_getparam pid param|sched_getscheduler pid|sched_rr_get_interval pid interval|sched_setaffinity pid len mask|
        sched_setparam pid param|sched_setscheduler pid policy param|sched_yield|select n inp outp exp tvp|sendfile out in offset count|sendfile64 out in offset count|set_robust_list head len|
        set_thread_area desc|get_thread_area desc|set_tid_address tidptr|setdomainname name len|setfsgid gid|setfsuid uid|setgid gid|setgid16 gid|setgroups size list|sethostname name len|
        setitimer which value ovalue|setpgid pid pgid|setpriority which who nice|setregid rgid egid|setresgid rgid egid sgid|setresuid ruid euid suid|setreuid ruid euid|setrlimit resource rlim|
        setsid|settimeofday tv tz|setuid uid|setuid16 uid|setxattr path name value size flags|sgetmask|sigaction sig act oact|sigaltstack uss uoss|signal sig handler|signalfd fd mask size|
        sigpending set|sigprocmask how set oset|sigreturn regs|sigsuspend h0 h1 mask|socketcall call args|splice fdin offin fdout offout len flags|ssetmask newmask|stat filename statbuf|
        stat64 filename statbuf|statfs path buf|statfs64 path size buf|stime tptr|swapoff name|swapon name flags|symlink oldname newname|symlinkat oldname newdfd newname|sync|sync_file_range fd offset bytes flags|
        syncfs fd|sysctl args|sysfs option arg1 arg2|sysinfo info|syslog type buf len|tee fdin fdout len flags|tgkill tgid pid sig|time tloc|timer_create clock event id|timer_delete id|
        timer_getoverrun id|timer_gettime id setting|timer_settime id flags new old|timerfd_create clock flags|timerfd_gettime fd old|timerfd_settime fd flags new old|times tbuf|tkill pid sig|
        truncate path length|truncate64 path length|umask mask|umount name flags|uname name|unlink pathname|unlinkat dfd pathname flag|unshare flags|uselib library|ustat dev ubuf|utime filename times|
        utimensat dfd filename utimes flags|utimes filename utimes|vfork|vhangup|vm86 function v86|vmsplice fd iov nr flags|wait4 pid status options ru|waitid which pid info options ru|
        waitpid pid status options|write fd buf count|writev fd vec vlen
        """;

    private static readonly Dictionary<string, string[]> Parameters = Table.Split('|')
        .Select(line => line.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToDictionary(words => words[0], words => words[1..], StringComparer.Ordinal);

    private static readonly string[] Prefixes = ["sys_", "SyS_", "ptregs_"];

    // Arguments on the stack whatever the kernel is built with: there may be any number of them.
    private static readonly HashSet<string> Variadic = new(StringComparer.Ordinal)
    {
        "printk", "panic", "sprintf", "snprintf", "scnprintf", "sscanf", "kasprintf", "seq_printf", "early_printk", "printk_deferred", "request_module", "__request_module",
        "dev_printk", "dev_err", "dev_warn", "_dev_info", "netdev_info", "kobject_set_name", "kthread_create", "kthread_create_on_node", "device_create", "class_device_create", "audit_log",
    };

    /// <summary>Whether a function of Linux has its arguments on the stack.</summary>
    public static bool IsOnStack(string function) =>
        Prefixes.Any(prefix => function.StartsWith(prefix, StringComparison.Ordinal)) || function is "old_mmap" or "old_select" or "vprintk" || Variadic.Contains(function);

    /// <summary>The names of a system call's arguments; null if the function is none that is known.</summary>
    public static string[]? ParametersOf(string function)
    {
        if (function is "old_mmap" or "old_select") return Parameters[function];
        foreach (string prefix in Prefixes)
            if (function.StartsWith(prefix, StringComparison.Ordinal) && Parameters.TryGetValue(function[prefix.Length..], out string[]? found)) return found;
        return null;
    }
}
