# Certificates of the machine's own stores; key sizes only where the key is RSA, since 5.1 throws on others.
$sha = New-Object Security.Cryptography.SHA256Managed
foreach ($store in 'My', 'WebHosting', 'CA', 'Root') {
    if (-not (Test-Path "Cert:\LocalMachine\$store")) { continue }
    foreach ($one in Get-ChildItem "Cert:\LocalMachine\$store") {
        $bits = $null
        if ([string]$one.PublicKey.Oid.Value -eq '1.2.840.113549.1.1.1') { $bits = [int]$one.PublicKey.Key.KeySize }
        @{
            store = $store; thumbprint = [string]$one.Thumbprint
            sha256 = [BitConverter]::ToString($sha.ComputeHash($one.RawData)).Replace('-', '').ToLowerInvariant()
            subject = [string]$one.Subject; issuer = [string]$one.Issuer
            begins = $one.NotBefore.ToUniversalTime().ToString('o'); ends = $one.NotAfter.ToUniversalTime().ToString('o')
            names = [object[]]@($one.DnsNameList | Where-Object { $_ } | ForEach-Object { [string]$_.Unicode })
            signature = [string]$one.SignatureAlgorithm.Value; bits = $bits; has_key = [bool]$one.HasPrivateKey
        }
    }
}
