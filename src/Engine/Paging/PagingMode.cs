namespace LguestPS;

/// <summary>How a guest's linear addresses lead to its memory.</summary>
public enum PagingMode : long
{
    /// <summary>As they are: there are no page tables yet.</summary>
    Linear,

    /// <summary>Through a page directory and page tables, 1024 entries of 32 bits each.</summary>
    TwoLevel,

    /// <summary>Physical address extension: through three levels of 64-bit entries.</summary>
    Pae,
}
