# What time is it here, in UTC and whatever the language, and for how long has this PowerShell been running.
$begun = [Diagnostics.Process]::GetCurrentProcess().StartTime.ToUniversalTime()
$now = [DateTime]::UtcNow
@{ utc = $now.ToString('o'); age_ms = [long]($now - $begun).TotalMilliseconds }
