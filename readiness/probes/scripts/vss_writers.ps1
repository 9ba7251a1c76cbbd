# The writers by vssadmin, which wakes each of them: once, last, with a time-out of its own. Its words are translated.
$answer = Native "$env:SystemRoot\System32\vssadmin.exe" 'list writers' 60000
@{ status = $answer.rc; out = [string]$answer.out; err = [string]$answer.err }
