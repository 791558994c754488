namespace LguestPS.Abi;

/// <summary>What hypercalls can do (ABI §3): the words in which the profiles of the eras say what each of theirs does.</summary>
/// <exception cref="Errors.GuestKilledException">From any of them: the call broke a rule.</exception>
internal interface IHypercallOperations
{
    /// <summary>Bytes of a CRASH text that are looked at, with its final zero.</summary>
    const int CrashTextSize = 128;

    /// <summary>The reason of a SHUTDOWN that asks for a restart (LGUEST_SHUTDOWN_RESTART).</summary>
    const uint ShutdownRestart = 2;

    /// <summary>LGUEST_INIT: the guest says where its struct lguest_data lies (guest-physical).</summary>
    void Initialise(uint data);

    /// <summary>CRASH: the guest ends, with a text of at most <see cref="CrashTextSize"/> bytes at a guest-physical address.</summary>
    void Crash(uint message);

    /// <summary>SHUTDOWN: as CRASH, with which the guest can also ask to be started again.</summary>
    /// <param name="message">Guest-physical address of the text; anything where the reason is <see cref="ShutdownRestart"/>.</param>
    /// <param name="reason"><see cref="ShutdownRestart"/>, or anything else for the end.</param>
    void Shutdown(uint message, uint reason);

    /// <summary>LOAD_GDT: a whole descriptor table from guest-physical memory.</summary>
    void LoadGdt(uint table, uint entries);

    /// <summary>LOAD_GDT_ENTRY: one descriptor, as two words.</summary>
    void LoadGdtEntry(uint entry, uint low, uint high);

    /// <summary>LOAD_TLS: the three thread-local descriptors from guest-physical memory.</summary>
    void LoadTls(uint descriptors);

    /// <summary>NEW_PGTABLE: another page directory (guest-physical) is in use.</summary>
    void NewPageTable(uint directory);

    /// <summary>FLUSH_TLB: translations of all addresses, or of the user part only, are void.</summary>
    void FlushTlb(bool all);

    /// <summary>SET_PTE: an entry of a page table of this directory has changed.</summary>
    void SetPte(uint directory, uint address);

    /// <summary>SET_PGD, and the SET_PMD of kernels that know two levels only: an entry of this directory has changed.</summary>
    void SetPgd(uint directory, uint index);

    /// <summary>SET_PMD with three levels: an entry of a page middle directory has changed, of whatever directory.</summary>
    void SetPmd(uint table, uint index);

    /// <summary>LOAD_IDT_ENTRY: a gate, as two words.</summary>
    void LoadIdtEntry(uint vector, uint low, uint high);

    /// <summary>SET_STACK: the ring-1 stack of traps from user mode.</summary>
    void SetStack(uint ss, uint esp, uint pages);

    /// <summary>TS: whether the next FPU instruction traps.</summary>
    void SetTaskSwitched(bool set);

    /// <summary>SET_CLOCKEVENT: an interrupt so many nanoseconds from now; 0 cancels.</summary>
    void SetClockEvent(uint nanoseconds);

    /// <summary>HALT: nothing to do until an interrupt.</summary>
    void Halt();

    /// <summary>SEND_INTERRUPTS: the guest has enabled interrupts and knows that one waits.</summary>
    void SendInterrupts();

    /// <summary>BIND_DMA: buffers for what comes in under a key.</summary>
    uint BindDma(uint key, uint array, uint countAndIrq);

    /// <summary>SEND_DMA: a buffer list for whoever has this key.</summary>
    void SendDma(uint key, uint dma);

    /// <summary>NOTIFY: there is something at a guest-physical address for whoever that belongs to.</summary>
    void Notify(uint address);
}
