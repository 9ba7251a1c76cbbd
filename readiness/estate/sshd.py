"""The settings of sshd whose value a host may tell, each with the shape that it must have; others may hold a secret."""

from __future__ import annotations

from collections.abc import Mapping

# sshd_config(5) of OpenSSH 9.2, of 9.8 for what is new there, and of 8.0 and 8.7 as Red Hat ships them; `sshd -T`
# writes keywords in small letters.
# What sshd takes from a closed list is a word; names, addresses and paths are those of accounts, interfaces and files.
# Not here, since free text, a variable, a command or its arguments stand there: AuthorizedKeysCommand,
# AuthorizedPrincipalsCommand, ForceCommand, HostKeyAgent, SecurityKeyProvider, SetEnv, Subsystem, VersionAddendum.
_SHAPES = {
    "word": """
        AddressFamily AllowAgentForwarding AllowStreamLocalForwarding AllowTcpForwarding ChallengeResponseAuthentication
        Compression DebianBanner DisableForwarding ExposeAuthInfo FingerprintHash GatewayPorts GSSAPIAuthentication
        GSSAPICleanupCredentials GSSAPIEnablek5users GSSAPIKeyExchange GSSAPIStoreCredentialsOnRekey
        GSSAPIStrictAcceptorCheck HostbasedAuthentication HostbasedUsesNameFromPacketOnly IgnoreRhosts
        IgnoreUserKnownHosts KbdInteractiveAuthentication KerberosAuthentication KerberosGetAFSToken
        KerberosOrLocalPasswd KerberosTicketCleanup KerberosUniqueCCache KerberosUseKuserok LogLevel
        PasswordAuthentication PermitEmptyPasswords PermitRootLogin PermitTTY PermitTunnel PermitUserRC PrintLastLog
        PrintMotd PubkeyAuthentication PubkeyAuthOptions RefuseConnection StreamLocalBindUnlink StrictModes
        SyslogFacility TCPKeepAlive UseDNS UsePAM UsePrivilegeSeparation X11Forwarding X11UseLocalhost
    """,
    "words": "IPQoS",
    "number": """
        ClientAliveCountMax ClientAliveInterval LoginGraceTime MaxAuthTries MaxSessions Port PerSourceMaxStartups
        RequiredRSASize RSAMinSize StreamLocalBindMask UnusedConnectionTimeout X11DisplayOffset
    """,
    "numbers": "MaxStartups PerSourceNetBlockSize RekeyLimit",
    "algorithms": """
        CASignatureAlgorithms Ciphers GSSAPIKexAlgorithms HostbasedAcceptedAlgorithms HostbasedAcceptedKeyTypes
        HostKeyAlgorithms KexAlgorithms MACs PubkeyAcceptedAlgorithms PubkeyAcceptedKeyTypes
    """,
    "address": "ListenAddress",
    "names": """
        AcceptEnv AllowGroups AllowUsers AuthenticationMethods AuthorizedKeysCommandUser AuthorizedPrincipalsCommandUser
        DenyGroups DenyUsers PermitListen PermitOpen PermitUserEnvironment PerSourcePenalties
    """,
    "paths": """
        AuthorizedKeysFile AuthorizedPrincipalsFile Banner ChrootDirectory HostCertificate HostKey ModuliFile PidFile
        RevokedKeys TrustedUserCAKeys XAuthLocation
    """,
}
SSHD_KEYWORDS = tuple(keyword for keywords in _SHAPES.values() for keyword in keywords.split())
SSHD_SETTINGS: Mapping[str, str] = {
    keyword.lower(): shape for shape, keywords in _SHAPES.items() for keyword in keywords.split()
}
