# What the time service says of itself; its words are translated, its numbers and the order of its lines are not.
$answer = Native "$env:SystemRoot\System32\w32tm.exe" '/query /status' 15000
@{ status = $answer.rc; out = [string]$answer.out; err = [string]$answer.err }
