# What time is it here, in UTC and whatever the language.
@{ utc = [DateTime]::UtcNow.ToString('o') }
