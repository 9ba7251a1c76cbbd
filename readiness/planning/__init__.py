"""From the estate to the plan: what is checked, and what is sent to which host, before any host is contacted."""
