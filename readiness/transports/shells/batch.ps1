# What every batch begins with, in the language of PowerShell 4.0: a marked place in the output for each script.
# The scripts follow as calls of _Run. Names with an underscore are the batch's own: a script sees its caller's variables.
$global:ErrorActionPreference = 'Stop'
$global:ProgressPreference = 'SilentlyContinue'
$global:WarningPreference = 'SilentlyContinue'
try { [Console]::OutputEncoding = New-Object Text.UTF8Encoding $false } catch { }

function _Mark([string] $_word, [int] $_index, [int] $_status) {
    [Console]::Out.Write("`n@$_nonce $_word $_index $_status`n")
    [Console]::Out.Flush()
}

# JSON in ASCII alone, so that no code page on the way can matter.
function _Json($_value) {
    $_text = ConvertTo-Json -InputObject $_value -Depth 8 -Compress
    $_others = [regex]::Replace($_text, '[\x20-\x7E]', '').ToCharArray()
    foreach ($_one in (New-Object 'Collections.Generic.HashSet[char]' (, [char[]]$_others))) {
        $_text = $_text.Replace([string]$_one, ('\u{0:x4}' -f [int]$_one))
    }
    $_text
}

# The error as data: what PowerShell wrapped around it for calling a method or a command is taken off.
function _Told([Management.Automation.ErrorRecord] $_record) {
    $_inner = $_record.Exception
    while ($_inner.InnerException -and $_inner.GetType().FullName -like 'System.Management.Automation.*Invocation*') {
        $_inner = $_inner.InnerException
    }
    $_native = $null
    if ($_inner.PSObject.Properties['NativeErrorCode']) { $_native = [int]$_inner.NativeErrorCode }
    $_words = [string]$_inner.Message
    if ($_words.Length -gt 2000) { $_words = $_words.Substring(0, 2000) }
    @{
        id = [string]$_record.FullyQualifiedErrorId
        category = [string]$_record.CategoryInfo.Category
        type = $_inner.GetType().FullName
        hresult = $_inner.HResult
        native = $_native
        message = $_words
    }
}

# One script: its objects as a JSON list, or its error. A `break` of its own ends it, not the batch.
function _Run([int] $_index, [int] $_max, [string] $_script, [object[]] $_arguments) {
    _Mark begin $_index 0
    $_status = 1
    try {
        $_block = [ScriptBlock]::Create($_script)
        foreach ($_once in 1) {
            $_value = [object[]]@(& $_block @_arguments)
            $_text = _Json $_value
            $_status = 0
        }
        if ($_status) { throw 'the script left by break or continue' }
    } catch {
        $_status = 1
        $_text = _Json (_Told $_)
    }
    if ($_text.Length -gt $_max) { $_text = $_text.Substring(0, $_max + 1) }
    _Mark data $_index 0
    [Console]::Out.Write($_text)
    _Mark end $_index $_status
}

# For scripts: a program with its arguments as one string and a time-out; gives rc, out and err.
function Native([string] $file, [string] $arguments, [int] $timeout_ms) {
    $start = New-Object Diagnostics.ProcessStartInfo $file, $arguments
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $process = [Diagnostics.Process]::Start($start)
    try {
        $out = $process.StandardOutput.ReadToEndAsync()
        $err = $process.StandardError.ReadToEndAsync()
        $ended = $process.WaitForExit($timeout_ms)
        foreach ($reading in $out, $err) {
            $left = [Math]::Max(0, $timeout_ms - $clock.ElapsedMilliseconds)
            $ended = $ended -and $reading.Wait([int]$left)
        }
        if (-not $ended) {
            try { $process.Kill() } catch { }
            $late = New-Object TimeoutException "$file did not end within $timeout_ms ms"
            throw (New-Object Management.Automation.ErrorRecord $late, 'NativeTimedOut', 'OperationTimeout', $file)
        }
        @{ rc = $process.ExitCode; out = $out.Result; err = $err.Result }
    } finally { $process.Dispose() }
}
