using LguestPS.Definition;
using LguestPS.Networks.User;

namespace LguestPS.Networks;

/// <summary>Opens the host's end of the wire that a definition asks for.</summary>
internal static class NetworkPorts
{
    /// <param name="definition">What is at the other end.</param>
    /// <param name="sockets">How many sockets it may have.</param>
    /// <exception cref="LguestException">FileUnavailable, InvalidImage or NotSupported, with the reason; nothing stays open then.</exception>
    public static NetworkPort Open(HostNetDefinition definition, HostSockets sockets) => definition switch
    {
        UserNetDefinition { Replay: { } recording } user when Ipv4Network.TryFrom(user.Network, out Ipv4Network network) =>
            new ReplayPort(UserNetwork.MacOf(network), FrameRecording.Read(recording)),
        UserNetDefinition user => new UserNetwork(user, sockets),
        TapNetDefinition tap => TapPort.Open(tap.Interface),
        _ => throw new LguestException(LguestError.NotSupported, $"unknown network {definition}"),
    };
}
