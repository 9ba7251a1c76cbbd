# Certificates of the product in the folders that the catalogue names, and who may read each file there.
# Of a private key only its public half is sent: it stands in an RSA key, and in most elliptic ones. None is sent of
# a key with a passphrase. Arguments: the folders.
$latin = [Text.Encoding]::GetEncoding(28591)

# DER: one element from a place on, with the place after it.
function Element([byte[]]$der, [int]$at) {
    $length = [int]$der[$at + 1]
    $start = $at + 2
    if ($length -gt 127) {
        $count = $length -band 127
        $length = 0
        foreach ($one in 1..$count) { $length = $length * 256 + $der[$start]; $start++ }
    }
    $next = $start + $length
    if ($next -gt $der.Length -or $length -lt 1) { throw 'no DER' }
    @{ tag = $der[$at]; whole = [byte[]]$der[$at..($next - 1)]; content = [byte[]]$der[$start..($next - 1)]; next = $next }
}
function Elements([byte[]]$der) {
    for ($at = 0; $at -lt $der.Length; $at = $one.next) { $one = Element $der $at; $one }
}
# An element with these tag and content; a bit string has a byte before it for its spare bits.
function Made([byte]$tag, [byte[]]$content) {
    $length = $content.Length
    $head = $(if ($length -lt 128) { , $length } elseif ($length -lt 256) { 0x81, $length } else { 0x82, ($length -shr 8), ($length -band 255) })
    [byte[]](@($tag) + $head + $content)
}

$rsa = [byte[]](0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00)
$elliptic = [byte[]](0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)
function Starts([byte[]]$bytes, [byte[]]$with) {
    [BitConverter]::ToString($bytes).StartsWith([BitConverter]::ToString($with), [StringComparison]::Ordinal)
}

# SubjectPublicKeyInfo (RFC 5280) of a key as PKCS #1 (RFC 8017) or SEC 1 (RFC 5915) has it.
function Public([byte[]]$algorithm, [byte[]]$key) {
    $parts = @(Elements (Element $key 0).content)
    if (Starts $algorithm $rsa) {
        $numbers = Made 0x30 ([byte[]]($parts[1].whole + $parts[2].whole))
        return Made 0x30 ([byte[]]($algorithm + (Made 0x03 ([byte[]](@(0) + $numbers)))))
    }
    $point = $parts | Where-Object { $_.tag -eq 0xa1 }
    if (-not $point -or -not (Starts (Element $algorithm 0).content $elliptic)) { return $null }
    Made 0x30 ([byte[]]($algorithm + $point.content))
}
function PublicOf([string]$kind, [byte[]]$der) {
    $parts = @(Elements (Element $der 0).content)
    if ($kind -eq 'RSA ') { return Public $rsa $der }
    if ($kind -eq 'EC ') {
        $curve = $parts | Where-Object { $_.tag -eq 0xa0 }
        return Public (Made 0x30 ([byte[]]($elliptic + $curve.content))) $der
    }
    Public $parts[1].whole $parts[2].content
}

function Block([string]$text, [string]$kind) {
    foreach ($found in [regex]::Matches($text, "-----BEGIN $kind-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END $kind-----")) {
        [regex]::Replace($found.Groups[1].Value, '[\r\n]', '')
    }
}
foreach ($folder in $args) {
    $there = Test-Path -LiteralPath $folder
    @{ folder = $folder; there = [bool]$there }
    if (-not $there) { continue }
    foreach ($name in Get-ChildItem -LiteralPath $folder -Recurse -File -Force -Name) {
        $path = "$folder\$name"
        if ((Get-Item -LiteralPath $path -Force).Length -ge 128KB) { continue }
        $bytes = Get-Content -LiteralPath $path -Encoding Byte -ReadCount 0 -Force
        if ($null -eq $bytes) { $bytes = New-Object byte[] 0 }
        $text = $latin.GetString([byte[]]$bytes)
        $public = $null
        foreach ($kind in 'RSA ', 'EC ', '') {
            foreach ($key in @(Block $text "${kind}PRIVATE KEY")) {
                if ($public) { continue }
                try { $public = PublicOf $kind ([Convert]::FromBase64String($key)) } catch { $public = $null }
            }
        }
        @{
            path = $path; list = [string](Get-Acl -LiteralPath $path).Sddl
            certificates = [object[]]@(Block $text 'CERTIFICATE')
            public = $(if ($public) { [Convert]::ToBase64String([byte[]]$public) } else { $null })
        }
    }
}
