# ruff: noqa: E501 - a script is easier to judge unbroken
"""The scripts of attacks that look for a way out; attacks.py says what they are filled with and how they are run.

SHELL, PYTHON    print ESCAPED when they found one
SYSTEM_CALLS     lines of Python after CALLS: each call must be answered by the filter
FOREIGN          must be killed by the filter
"""

SHELL: dict[str, str] = {
    "reads a file of the host by its path": "cat {root}/home/.ssh/id_rsa && echo ESCAPED",
    "lists home folders": "ls -d /root/* /root/.[a-z]* /home/* 2>/dev/null | sed 's/^/ESCAPED /'",
    "reads the library's .git": "cat {root}/library/.git/config && echo ESCAPED",
    "plants a git hook": "echo evil >{root}/library/.git/hooks/pre-commit && echo ESCAPED",
    "reads the environment": "env | grep CANARY && echo ESCAPED",
    "reads the environment of process 1": "tr '\\0' '\\n' </proc/1/environ | grep CANARY && echo ESCAPED",
    "reads every environment": "cat /proc/[0-9]*/environ 2>/dev/null | grep -a CANARY && echo ESCAPED",
    "reads command lines of the host": "cat /proc/[0-9]*/cmdline | grep -a '{root}/marker-proces[s]' && echo ESCAPED",
    "sees a process of the host": "[ -e /proc/{pid}/exe ] && readlink /proc/{pid}/cwd | grep {root} && echo ESCAPED",
    "finds the Docker socket": "for s in /run /var/run; do [ -S $s/docker.sock ] && echo ESCAPED; done",
    "climbs out of the workspace": "cat /workspace/../../../../..{root}/secret && echo ESCAPED",
    "goes through /proc/1/root": "cat /proc/1/root{root}/secret /proc/1/cwd/../secret && echo ESCAPED",
    "links to the host symbolically": "ln -s {root}/secret link && cat link && echo ESCAPED",
    "links hard to a mount": "ln /skills/SKILL.md hard && echo changed >hard && echo ESCAPED",
    "moves a mount away": "mv /skills /workspace/mine && echo ESCAPED",
    "writes to a mount": "echo evil >/skills/SKILL.md && echo ESCAPED",
    "changes modes in a mount": "chmod 777 /skills/SKILL.md && echo ESCAPED",
    "removes a mount's file": "rm -f /skills/SKILL.md && echo ESCAPED",
    "writes to the system": "for d in / /var/tmp /var/lock /run/lock /usr /usr/bin /usr/local/bin /etc /opt /opt/memento/site /dev /proc; do "
    "(: >$d/evil) 2>/dev/null && echo ESCAPED $d; done",
    "changes the interpreter": "for f in /opt/memento/python/bin/python3 /opt/memento/python/lib/python3*/site-packages/*"
    "; do (: >>$f) 2>/dev/null && echo ESCAPED $f; done",
    "preloads a library everywhere": "echo /workspace/evil.so >/etc/ld.so.preload && echo ESCAPED",
    "writes a kernel setting": "find /proc/sys -type f 2>/dev/null | while read f; do (: <>$f) 2>/dev/null && "
    "echo ESCAPED $f; done | head -3",
    "pulls the system request lever": "[ -f /proc/sysrq-trigger ] && (: >>/proc/sysrq-trigger) && echo ESCAPED",
    "reads what only root may": "cat /proc/kcore /proc/kpageflags /proc/kpagecount /proc/vmallocinfo "
    "/proc/slabinfo /proc/timer_list 2>/dev/null | head -c 8 | grep -q . && echo ESCAPED",
    "reaches the control groups": "for f in $(find /sys/fs/cgroup -name cgroup.procs -o -name release_agent "
    "2>/dev/null | head -50); do (: >>$f) 2>/dev/null && echo ESCAPED $f; done",
    "reads a disk or memory device": "for d in /dev/mem /dev/kmem /dev/port /dev/vda /dev/sda /dev/nvme0n1 /dev/kmsg "
    "/dev/fuse /dev/kvm /dev/net/tun /dev/vsock; do [ -e $d ] && echo ESCAPED $d; done",
    "raises its own limits": "for o in f t n; do ulimit -$o unlimited 2>/dev/null && echo ESCAPED $o; done",
    "takes a higher priority": "nice -n -5 sh -c '[ $(nice) -lt 0 ] && echo ESCAPED'",
    "uses set-user-id programs": "for p in su sudo mount passwd; do f=$(command -v $p) && [ -u $f ] && "
    "$f --help >/dev/null 2>&1; done; grep -q 'NoNewPrivs:.*1' /proc/self/status || echo ESCAPED",
    "has capabilities": "grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | grep -v 0000000000000000 && echo ESCAPED",
    "leaves a set-user-id file": "cp /bin/sh own; for m in 4755 2755 6755 u+s g+s; do chmod $m own 2>/dev/null; "
    "[ -u own ] && echo ESCAPED; [ -g own ] && echo ESCAPED; done; true",
}

PYTHON: dict[str, str] = {
    "reaches a service on the host's loopback": """
import socket
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "10.0.2.2")):
    try:
        socket.socket(family).connect((host, {port})); print("ESCAPED", host)
    except OSError: pass
""",
    "talks to the internet": """
import socket
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        s = socket.socket(socket.AF_INET, kind); s.settimeout(1); s.connect(("192.0.2.1", 53)); s.send(b"x"); print("ESCAPED")
    except OSError: pass
""",
    "resolves a name": """
import socket
try: print("ESCAPED", socket.getaddrinfo("example.com", 80))
except OSError: pass
""",
    "opens any socket but a local one": """
import socket
for family in [f for f in range(2, 46)]:
    for kind in (1, 2, 3, 5):
        try: socket.socket(family, kind); print("ESCAPED", family, kind)
        except OSError: pass
""",
    "connects to an abstract socket of the host": """
import socket
try: socket.socket(socket.AF_UNIX).connect("\\0{name}"); print("ESCAPED")
except OSError: pass
""",
    "connects to a socket in the host's files": """
import socket
try: socket.socket(socket.AF_UNIX).connect("{root}/service"); print("ESCAPED")
except OSError: pass
""",
    "signals a process of the host": """
import os
try: os.kill({pid}, 0); print("ESCAPED" if "marker" in open("/proc/{pid}/cmdline").read() else "")
except (OSError, FileNotFoundError): pass
""",
    "inherits descriptors of the host": """
import os, stat
for fd in range(3, 256):
    try: os.fstat(fd)
    except OSError: continue
    if not os.readlink(f"/proc/self/fd/{{fd}}").startswith("/proc/"): print("ESCAPED", fd, os.readlink(f"/proc/self/fd/{{fd}}"))
for fd in range(3):
    if not stat.S_ISFIFO(os.fstat(fd).st_mode) and not stat.S_ISSOCK(os.fstat(fd).st_mode): print("ESCAPED", fd)
""",
    "changes the mode of the host's devices": """
import os
if {devices}:
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        try: os.chmod("/dev/" + name, 0o666); same = os.stat("/dev/" + name)
        except OSError: continue
        print("CHANGED", name, same.st_dev, same.st_ino)
""",
    "types into the terminal": """
import fcntl, os, pty
master, slave = pty.openpty()
for request in (0x5412, 0x541C):
    try: fcntl.ioctl(slave, request, b"x"); print("ESCAPED")
    except OSError: pass
try: os.open("/dev/tty", os.O_RDWR); print("ESCAPED")
except OSError: pass
""",
    "becomes another user": """
import os
for call in (os.setuid, os.setgid, os.seteuid, os.setegid):
    for number in (0, 1, 1000):
        if number in (os.getuid(), os.getgid()): continue
        try: call(number); print("ESCAPED", call, number)
        except OSError: pass
try: os.setgroups([0]); print("ESCAPED")
except OSError: pass
""",
    "makes device nodes": """
import os, stat
for kind, major, minor in ((stat.S_IFBLK, 254, 0), (stat.S_IFCHR, 1, 1), (stat.S_IFBLK, 8, 0)):
    for place in ("/workspace/node", "/tmp/node"):
        try: os.mknod(place, kind | 0o666, os.makedev(major, minor)); print("ESCAPED")
        except OSError: pass
""",
    "leaves a set-user-id file by open": """
import os
for flags, mode in ((os.O_CREAT | os.O_WRONLY, 0o4755), (os.O_CREAT | os.O_WRONLY, 0o2755)):
    try: os.close(os.open("/workspace/suid", flags, mode))
    except OSError: continue
    if os.stat("/workspace/suid").st_mode & 0o6000: print("ESCAPED")
""",
}

CALLS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
machine = os.uname().machine
def call(name, x86, arm, *arguments):
    number = {{"x86_64": x86, "aarch64": arm}}[machine]
    if number is None: return
    result = libc.syscall(number, *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    error = ctypes.get_errno()
    if result != -1 or error not in (1, 38): print("ESCAPED", name, result, os.strerror(error))
"""
"""EPERM and ENOSYS are the filter's answers; a call that came through fails with another error here."""

SYSTEM_CALLS: dict[str, str] = {
    "traces processes": 'call("ptrace", 101, 117, 0, 0, 0, 0)',
    "reads other processes' memory": 'call("process_vm_readv", 310, 270, 1, 0, 0, 0, 0, 99)\n'
    'call("process_vm_writev", 311, 271, 1, 0, 0, 0, 0, 99)',
    "mounts": 'call("mount", 165, 40, 0, 0, 0, 0, 0)\ncall("umount2", 166, 39, 0, 99)\n'
    'call("pivot_root", 155, 41, 0, 0)\ncall("chroot", 161, 51, 0)',
    "mounts in the new way": 'call("open_tree", 428, 428, -1, 0, 99)\ncall("move_mount", 429, 429, -1, 0, -1, 0, 99)\n'
    'call("fsopen", 430, 430, 0, 99)\ncall("fsmount", 432, 432, -1, 99, 0)\ncall("mount_setattr", 442, 442, -1, 0, 99)',
    "makes namespaces by unshare": "for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x08000000, 0x04000000, "
    '0x02000000):\n    call("unshare", 272, 97, flag)',
    "enters namespaces": 'call("setns", 308, 268, -1, 0)',
    "makes namespaces by clone": "for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x10020000):\n"
    '    call("clone", 56, 220, flag | 17, 0, 0, 0, 0)',
    "makes namespaces by clone3": 'call("clone3", 435, 435, 0, 0)',
    "uses io_uring": 'call("io_uring_setup", 425, 425, 0, 0)\ncall("io_uring_enter", 426, 426, -1, 0, 0, 0, 0, 0)\n'
    'call("io_uring_register", 427, 427, -1, 99, 0, 0)',
    "uses bpf": 'call("bpf", 321, 280, 0, 0, 0)',
    "watches performance counters": 'call("perf_event_open", 298, 241, 0, 0, -1, -1, 0)',
    "handles page faults": 'call("userfaultfd", 323, 282, 0x7fffffff)',
    "uses the kernel's keys": 'call("keyctl", 250, 219, 99)\ncall("add_key", 248, 217, 0, 0, 0, 0, 0)\n'
    'call("request_key", 249, 218, 0, 0, 0, 0)',
    "opens files by handle": 'call("open_by_handle_at", 304, 265, -1, 0, 0)\n'
    'call("name_to_handle_at", 303, 264, -1, 0, 0, 0, 99)',
    "loads kernel code": 'call("init_module", 175, 105, 0, 0, 0)\ncall("finit_module", 313, 273, -1, 0, 0)\n'
    'call("kexec_load", 246, 104, 0, 99, 0, 99)\ncall("delete_module", 176, 106, 0, 0)',
    "stops or renames the machine": 'call("reboot", 169, 142, 1, 1, 99, 0)\ncall("sethostname", 170, 161, 0, -1)\n'
    'call("swapoff", 168, 225, 0)\ncall("acct", 163, 89, 1)',
    "sets the clock": 'call("settimeofday", 164, 170, 1, 1)\ncall("clock_settime", 227, 112, 99, 0)\n'
    'call("adjtimex", 159, 171, 0)',
    "steals a descriptor": 'call("pidfd_getfd", 438, 438, -1, 0, 0)\ncall("kcmp", 312, 272, 1, 1, 99, 0, 0)',
    "listens to the whole file system": 'call("fanotify_init", 300, 262, 0x7fffffff, 0)',
    "touches ports and segments": 'call("iopl", 172, None, 3)\ncall("ioperm", 173, None, 0, 1, 1)\n'
    'call("modify_ldt", 154, None, 99, 0, 0)',
    "reads the kernel's log": 'call("syslog", 103, 116, 99, 0, 0)',
}

FOREIGN: dict[str, str] = {
    "calls by 32-bit numbers (int 0x80)": """
import ctypes, mmap, os
code = b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3"  # mov eax, 20 (getpid); int 0x80; ret
if os.uname().machine == "x86_64":
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC); page.write(code)
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))(); print("ESCAPED")
else: os.kill(os.getpid(), 31)
""",
    "calls by x32 numbers": """
import ctypes, os
if os.uname().machine == "x86_64":
    ctypes.CDLL(None).syscall(0x40000000 + 39); print("ESCAPED")
else: os.kill(os.getpid(), 31)
""",
}
