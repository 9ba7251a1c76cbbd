"""The shells of a WinRM host and what runs in them: the stand-in for PowerShell, or a program that a test makes up."""

from __future__ import annotations

import base64
import contextlib
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.bench import stand_in
from tests.bench import winrm_soap as soap

# What a program does: prints to stdout or stderr, waits for seconds, ends with an exit code.
Step = tuple[str, bytes] | float | int
Program = Callable[[bytes], Iterator[Step]]

CMD_LONGEST = 8191
_PER_REPLY = 110_000
_POWERSHELL = r"\system32\windowspowershell\v1.0\powershell.exe"


@dataclass
class Settings:
    """The limits of a host, by their names in `winrm get winrm/config`; those of Server 2012 and later."""

    max_envelope_kb: int = 500
    max_shells_per_user: int = 30
    max_operations_per_user: int = 1500
    max_timeout_s: float = 60.0
    allow_remote_shell_access: bool = True
    may_not: frozenset[str] = frozenset()  # users that are known and may open no shell


class Command:
    """A process or a made-up program with its streams; what it printed waits to be received."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.printed: list[tuple[str, bytes]] = []
        self.status: int | None = None
        self._threads: list[threading.Thread] = []

    def feed(self, data: bytes, *, end: bool) -> None:
        """Its standard input."""

    def kill(self) -> None:
        """End it, and wait for its threads."""
        for thread in self._threads:
            thread.join()

    def _print(self, name: str, data: bytes) -> None:
        with self.changed:
            self.printed.append((name, data))
            self.changed.notify_all()

    def _end(self, status: int) -> None:
        with self.changed:
            self.status = status
            self.changed.notify_all()

    def _start(self, act: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=act, daemon=True))
        self._threads[-1].start()

    def take(self, limit_s: float, stopped: threading.Event) -> tuple[list[tuple[str, bytes]], int | None]:
        """What was printed since, as soon as there is something or the command has ended; else nothing, in time."""
        until = time.monotonic() + limit_s
        with self.changed:
            while not self.printed and self.status is None:
                left = until - time.monotonic()
                if left <= 0 or stopped.is_set():
                    return [], None
                self.changed.wait(min(left, 0.1))
            taken, size = [], 0
            while self.printed and size < _PER_REPLY:
                name, data = self.printed.pop(0)
                if size + len(data) > _PER_REPLY:
                    self.printed.insert(0, (name, data[_PER_REPLY - size :]))
                    data = data[: _PER_REPLY - size]
                taken.append((name, data))
                size += len(data)
            return taken, None if self.printed else self.status


class Real(Command):
    """A process of this machine."""

    def __init__(self, argv: list[str], env: Mapping[str, str]) -> None:
        super().__init__()
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(env), bufsize=0)
        self._start(lambda: self._pump("stdout"))
        self._start(lambda: self._pump("stderr"))
        self._start(self._wait)

    def _pump(self, name: str) -> None:
        stream = getattr(self._process, name)
        with contextlib.suppress(OSError, ValueError):
            while data := stream.read(65536):
                self._print(name, data)

    def _wait(self) -> None:
        for thread in self._threads[:2]:
            thread.join()
        self._end(self._process.wait())

    def feed(self, data: bytes, *, end: bool) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it ended without reading
            self._process.stdin.write(data)
        if end:
            self._process.stdin.close()

    def kill(self) -> None:
        self._process.kill()
        super().kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()


class MadeUp(Command):
    """A program that runs once its standard input has ended."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program, self._stdin, self._killed = program, b"", threading.Event()

    def feed(self, data: bytes, *, end: bool) -> None:
        self._stdin += data
        if end:
            self._start(self._run)

    def _run(self) -> None:
        for step in self._program(self._stdin):
            if isinstance(step, tuple):
                self._print(*step)
            elif isinstance(step, float):
                self._killed.wait(step)
            else:
                self._end(step)
            if self._killed.is_set():
                return

    def kill(self) -> None:
        self._killed.set()
        super().kill()


def said(text: str, status: int) -> Command:
    """A command that only says something to standard error."""
    command = Command()
    command.printed.append(("stderr", text.encode()))
    command.status = status
    return command


def cmd(line: str, environment: Mapping[str, str], program: Program | None) -> Command:
    """What cmd.exe makes of a command line; only PowerShell is there to be started."""
    if len(line) > CMD_LONGEST:
        return said("The command line is too long.\r\n", 1)
    expanded = re.sub(r"%(\w+)%", lambda match: environment.get(match[1], match[0]), line)
    name, *arguments = expanded.split(" ")
    if not name.lower().endswith(_POWERSHELL):
        words = "is not recognized as an internal or external command,\r\noperable program or batch file.\r\n"
        return said(f"'{name}' {words}", 1)
    if program is not None:
        return MadeUp(program)
    return Real([str(stand_in.executable()), *arguments], environment)


@dataclass
class Shell:
    user: str
    commands: dict[str, Command] = field(default_factory=dict)


class Shells:
    """The state behind the messages: who has which shell, what runs in it, and how many there were."""

    def __init__(
        self, settings: Settings, environment: Callable[[], Mapping[str, str]], program: Program | None = None
    ) -> None:
        self.settings, self.environment, self.program = settings, environment, program
        self.open: dict[str, Shell] = {}
        self.opened = 0
        self.lines: list[str] = []
        self.actions: list[str] = []
        self.sends: list[int] = []
        self.options: list[dict[str, str]] = []  # of shells and commands
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._operations = 0

    def answer(self, user: str, text: bytes) -> tuple[int, bytes]:
        """HTTP status and message for a request's message."""
        asked = soap.Asked.read(text)
        try:
            if len(text) > self.settings.max_envelope_kb << 10:
                raise soap.envelope_too_large(self.settings.max_envelope_kb << 10)
            with self._operation():
                return 200, self._act(user, asked)
        except soap.Fault as error:
            return 500, soap.fault(asked, error)

    @contextlib.contextmanager
    def _operation(self) -> Iterator[None]:
        with self._lock:
            if self._operations >= self.settings.max_operations_per_user:
                raise soap.too_many_operations(self.settings.max_operations_per_user)
            self._operations += 1
        try:
            yield
        finally:
            with self._lock:
                self._operations -= 1

    def _act(self, user: str, asked: soap.Asked) -> bytes:
        name = asked.action.rpartition("/")[2]
        self.actions.append(name)
        if name == "Create":
            return soap.reply(asked, self._create(user, asked))
        if asked.shell_id not in self.open:
            raise soap.unknown_shell()
        act = {
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
        }[name]
        return soap.reply(asked, act(self.open[asked.shell_id], asked))

    def _create(self, user: str, asked: soap.Asked) -> str:
        if user in self.settings.may_not:
            raise soap.access_denied()
        if not self.settings.allow_remote_shell_access:
            raise soap.shells_not_allowed()
        self.options.append(asked.options)
        idle = asked.text("rsp:Shell/rsp:IdleTimeOut")
        if idle and not re.fullmatch(r"PT[\d.]+S", idle):
            raise soap.schema_error()
        with self._lock:
            if sum(shell.user == user for shell in self.open.values()) >= self.settings.max_shells_per_user:
                raise soap.too_many_shells(self.settings.max_shells_per_user)
            shell_id = str(uuid.uuid4()).upper()
            self.open[shell_id] = Shell(user)
            self.opened += 1
        return soap.created(shell_id, user)

    def _command(self, shell: Shell, asked: soap.Asked) -> str:
        words = [asked.text("rsp:CommandLine/rsp:Command"), asked.text("rsp:CommandLine/rsp:Arguments")]
        line = " ".join(word for word in words if word)
        self.lines.append(line)
        self.options.append(asked.options)
        command_id = str(uuid.uuid4()).upper()
        shell.commands[command_id] = cmd(line, self.environment(), self.program)
        return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"

    def _send(self, shell: Shell, asked: soap.Asked) -> str:
        stream = asked.find("rsp:Send/rsp:Stream")
        assert stream is not None
        data = base64.b64decode(stream.text or "")
        self.sends.append(len(data))
        self._of(shell, stream.get("CommandId")).feed(data, end=stream.get("End") == "true")
        return "<rsp:SendResponse/>"

    def _receive(self, shell: Shell, asked: soap.Asked) -> str:
        stream = asked.find("rsp:Receive/rsp:DesiredStream")
        command_id = stream.get("CommandId") if stream is not None else None
        if command_id is None:
            raise soap.no_command_named()
        limit_s = min(asked.operation_s, self.settings.max_timeout_s)
        pieces, status = self._of(shell, command_id).take(limit_s, self.stopped)
        if not pieces and status is None:
            raise soap.timed_out()
        return soap.received(command_id, pieces, status)

    def _signal(self, shell: Shell, asked: soap.Asked) -> str:
        signal = asked.find("rsp:Signal")
        command_id = signal.get("CommandId") if signal is not None else None
        self._of(shell, command_id).kill()
        del shell.commands[str(command_id)]
        return "<rsp:SignalResponse/>"

    def _delete(self, shell: Shell, asked: soap.Asked) -> str:
        del self.open[asked.shell_id]
        for command in shell.commands.values():
            command.kill()
        return ""

    def _of(self, shell: Shell, command_id: str | None) -> Command:
        if command_id not in shell.commands:
            raise soap.unknown_command()
        return shell.commands[command_id]

    def end(self) -> None:
        """End all that runs."""
        self.stopped.set()
        for shell in self.open.values():
            for command in shell.commands.values():
                command.kill()
