"""WinRM: WS-Management with NTLM, Basic or a certificate."""
