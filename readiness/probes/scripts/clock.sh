# The host's clock, read right after the begin mark.
date -u '+now	%s.%N	.'
echo end
