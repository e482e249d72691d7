/* tests/unit/test_hostile.c - programs that mean harm, behind all walls and behind fewer.
 *
 * Each runs in a sandbox while an ordinary program runs in one beside it. After each: the
 * ordinary one has its verdict, no process is left below this one but the cells and the interpreter
 * that one of them keeps warm for Python, no file is left in the cells' folders, and this process has the descriptors it had. "contained" programs may
 * end in any way but with "ESCAPED" in their output; the others end as the row says. Every set of
 * walls has a process of its own, which looks at what belongs to it only, so other tests may run
 * beside.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reward/code/proctree.h"
#include "reward/code/sandbox.h"

enum { CONTAINED = -1, ENDLESS = -2 /* contained, and ended by a limit */ };

struct attack {
    const char *name;
    enum { PYTHON, SHELL, GCC } how;
    const char *program;
    int end; /* enum sandbox_end, CONTAINED or ENDLESS */
};

/* Says ESCAPED when the expression is true and raised nothing. */
#define IF(expr) \
    "try:\n  if " expr ": print('ESCAPED')\nexcept BaseException as e: print(type(e).__name__)\n"
#define DO(stmt) \
    "try:\n  " stmt "\n  print('ESCAPED')\nexcept BaseException as e: print(type(e).__name__)\n"
#define CALL_C \
    "import " \
    "ctypes,os\nlibc=ctypes.CDLL(None,use_errno=True)\nlibc.syscall.restype=ctypes.c_long\n"

/* clang-format off */
static const struct attack attacks[] = {
    /* processes, threads, time */
    {"fork bomb", PYTHON, "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n", ENDLESS},
    {"fork bomb in shell", SHELL, "b() { b | b & }; b; sleep 100", ENDLESS},
    {"fork bomb of orphans", PYTHON, "import os\nfor i in range(10**6):\n  try:\n    if os.fork(): os._exit(0)\n  except OSError: pass\n", ENDLESS},
    {"thread bomb", PYTHON, "import threading,time\nwhile True:\n  try: threading.Thread(target=time.sleep,args=(99,)).start()\n  except RuntimeError: pass\n", ENDLESS},
    {"vfork bomb", GCC, "#include <unistd.h>\nint main(void){for(;;)if(vfork()==0)_exit(0);}", SANDBOX_TIME},
    {"endless loop", PYTHON, "while True: pass\n", SANDBOX_TIME},
    {"sleeper", PYTHON, "import time\ntime.sleep(1000)\n", SANDBOX_TIME},
    {"ignores all signals", PYTHON, "import signal\nfor s in range(1,65):\n  try: signal.signal(s,signal.SIG_IGN)\n  except Exception: pass\nwhile True: pass\n", SANDBOX_TIME},
    {"blocks in a pipe", PYTHON, "import os\nr,w=os.pipe()\nos.read(r,1)\n", SANDBOX_TIME},
    {"stopped", SHELL, "kill -STOP $$", SANDBOX_TIME},
    {"daemon", PYTHON, "import os,time\nif os.fork()==0:\n  os.setsid()\n  if os.fork()==0:\n    time.sleep(1000)\n  os._exit(0)\n", SANDBOX_EXITED},
    {"daemon that keeps the pipes", SHELL, "sleep 1000 & exit 0", SANDBOX_EXITED},
    {"daemon in a new session", SHELL, "setsid sleep 1000 & exit 0", SANDBOX_EXITED},
    {"daemons that respawn", PYTHON, "import os,time\nif os.fork()==0:\n  os.setsid()\n  while True:\n    try:\n      if os.fork(): os._exit(0)\n    except OSError: pass\n", ENDLESS},
    {"leaves a ptrace-stopped child", PYTHON, CALL_C "if os.fork()==0:\n  libc.ptrace(0,0,0,0)\n  os.kill(os.getpid(),19)\n", CONTAINED},
    {"raises its limits", PYTHON, "import resource\n" DO("resource.setrlimit(resource.RLIMIT_CPU,(10**6,10**6))"), CONTAINED},
    {"clock set", PYTHON, "import time\n" DO("time.clock_settime(0,0)"), CONTAINED},
    {"nice to itself", PYTHON, "import os\n" DO("os.nice(-5)"), CONTAINED},
    {"realtime", PYTHON, "import os\n" DO("os.sched_setscheduler(0,os.SCHED_FIFO,os.sched_param(1))"), CONTAINED},
    {"binds itself to a core", PYTHON, "import os\n" DO("os.sched_setaffinity(0,{0})"), CONTAINED},
    /* memory, output, descriptors, files */
    {"memory bomb", PYTHON, "x=[]\nwhile True: x.append(bytearray(10**7))\n", ENDLESS},
    {"memory by many processes", PYTHON, "import os,time\nfor i in range(12):\n  if os.fork()==0:\n    x=bytearray(100<<20)\n    time.sleep(100)\ntime.sleep(100)\n", SANDBOX_MEMORY},
    {"mmap bomb", GCC, "#include <sys/mman.h>\n#include <string.h>\nint main(void){for(;;){char*p=mmap(0,1<<24,3,0x21,-1,0);if(p!=MAP_FAILED)memset(p,1,1<<24);}}", ENDLESS},
    {"memfd bomb", PYTHON, "import os\n" DO("os.memfd_create('x')"), CONTAINED},
    {"pipe bomb", PYTHON, "import os\np=[]\ntry:\n  while True: p.append(os.pipe()); os.write(p[-1][1],b'x'*65536)\nexcept OSError: print('full')\n", SANDBOX_EXITED},
    {"large pipes", PYTHON, "import os,fcntl\nr,w=os.pipe()\n" DO("fcntl.fcntl(w,1031,1<<20)"), CONTAINED},
    {"stack overflow", GCC, "int f(int n){volatile char a[4096];a[0]=(char)n;return f(n+1)+a[0];}int main(void){return f(0);}", CONTAINED},
    {"output flood", SHELL, "yes", SANDBOX_OUTPUT},
    {"stderr flood", SHELL, "yes >&2", SANDBOX_OUTPUT},
    {"channel flood", SHELL, "yes >&3", SANDBOX_OUTPUT},
    {"output by many", SHELL, "for i in 1 2 3 4; do yes & done; wait", SANDBOX_OUTPUT},
    {"descriptor bomb", PYTHON, "import os\ntry:\n  while True: os.dup(0)\nexcept OSError: print('full')\n", SANDBOX_EXITED},
    {"file bomb", PYTHON, "try:\n  for i in range(10**6): open(str(i),'w').close()\n  print('ESCAPED')\nexcept OSError: print('full')\n", CONTAINED},
    {"disk bomb", PYTHON, "f=open('x','wb')\ntry:\n  while True: f.write(b'x'*10**6)\nexcept OSError: print('full')\n", CONTAINED},
    {"disk by many files", PYTHON, "import time\ntry:\n  for i in range(10000): open(str(i),'wb').write(b'x'*10**6)\n  print('ESCAPED')\nexcept OSError: print('full')\n", CONTAINED},
    {"deep folders", PYTHON, "import os\ntry:\n  for i in range(5000):\n    os.mkdir('d'); os.chdir('d')\nexcept OSError: print('full')\n", CONTAINED},
    {"folder nobody may enter", SHELL, "mkdir a; touch a/b; chmod 0 a", SANDBOX_EXITED},
    {"core dump", SHELL, "ulimit -c unlimited 2>/dev/null; kill -ABRT $$", SANDBOX_SIGNALED},
    {"kernel memory in sockets", PYTHON, "import os,socket,time\nfor i in range(24):\n  if os.fork()==0:\n    p=[]\n    try:\n      while True:\n        a,b=socket.socketpair(); a.setblocking(False); p.append((a,b))\n        try:\n          while True: a.send(b'x'*65536)\n        except BlockingIOError: pass\n    except OSError: pass\n    time.sleep(100)\ntime.sleep(100)\n", ENDLESS},
    {"larger socket buffers", PYTHON, "import socket\n" DO("socket.socketpair()[0].setsockopt(1,7,1<<20)"), CONTAINED},
    /* files of others */
    {"file in the folder above", PYTHON, DO("open('../x','w')"), CONTAINED},
    {"names of the next runs", PYTHON, "import os\nfor i in range(150):\n  try:\n    os.mkdir('../%d'%i); print('ESCAPED')\n  except OSError: pass\n", CONTAINED},
    {"link to the folder above", PYTHON, "import os\n" DO("os.symlink('..','up'); open('up/x','w')"), CONTAINED},
    {"moves its folder", PYTHON, "import os\n" DO("d=os.getcwd(); os.rename(d,d+'x')"), CONTAINED},
    {"the library in front of it", PYTHON, DO("open('../preload.so','rb')"), CONTAINED},
    {"descriptors of others", PYTHON, "import os\nfor f in range(3,1024):\n  try:\n    os.fstat(f); print('ESCAPED',f)\n  except OSError: pass\n", CONTAINED},
    {"environment of others", PYTHON, "import os\n" IF("set(os.environ)!=set('PATH HOME TMPDIR LANG PYTHONHASHSEED PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS OMP_NUM_THREADS MALLOC_ARENA_MAX'.split())"), CONTAINED},
    {"lock on a system file", PYTHON, "import fcntl\nf=[open('/usr/bin/env','rb') for i in 'ab']\nfcntl.flock(f[0],6)\ntry: fcntl.flock(f[1],6)\nexcept OSError: print('ESCAPED')\n", CONTAINED},
    {"symlink out", SHELL, "ln -s / up; cat up/etc/passwd && echo ESCAPED", CONTAINED},
    {"dot dot", SHELL, "cat ../../../etc/passwd ../../etc/shadow && echo ESCAPED", CONTAINED},
    {"server's environment", PYTHON, "import os\nfor p in range(1,400):\n  try:\n    open('/proc/%d/environ'%p).read(); print('ESCAPED')\n  except OSError: pass\n", CONTAINED},
    {"server's memory", PYTHON, "import os\nfor p in (1,os.getppid()):\n  " "try:\n    open('/proc/%d/mem'%p,'rb'); print('ESCAPED')\n  except OSError: pass\n", CONTAINED},
    {"list processes", PYTHON, "import os\n" IF("[p for p in os.listdir('/proc') if p.isdigit()]"), CONTAINED},
    {"home", PYTHON, "import os\n" IF("os.listdir('/root') or os.listdir('/home')"), CONTAINED},
    {"others' work", PYTHON, "import os\n" IF("[f for f in os.listdir('/tmp') if f.startswith('touchstone')]"), CONTAINED},
    {"write /usr", PYTHON, DO("open('/usr/lib/x','w')"), CONTAINED},
    {"write /dev/shm", PYTHON, DO("open('/dev/shm/x','w')"), CONTAINED},
    {"write /tmp", PYTHON, "import os\ntry:\n  open('/tmp/escaped-by-test','w'); print('ok')\nexcept OSError: print('no')\n", CONTAINED},
    {"sysfs", PYTHON, "import os\n" IF("os.listdir('/sys')"), CONTAINED},
    {"raw disk", PYTHON, "import os\n" DO("open('/dev/vda','rb')"), CONTAINED},
    {"device by mknod", PYTHON, "import os,stat\n" DO("os.mknod('d',0o600|stat.S_IFBLK,os.makedev(254,0))"), CONTAINED},
    {"setuid program", SHELL, "su -c 'echo ESCAPED' </dev/null; mount 2>/dev/null", CONTAINED},
    {"makes itself setuid", SHELL, "cp /bin/true t && chmod u+s t && ./t; [ $(id -u) = 0 ] && echo ESCAPED", CONTAINED},
    /* network, sockets */
    {"tcp out", PYTHON, "import socket\n" DO("socket.create_connection(('127.0.0.1',80),1)"), CONTAINED},
    {"tcp listen", PYTHON, "import socket\n" DO("s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen()"), CONTAINED},
    {"udp", PYTHON, "import socket\n" DO("socket.socket(2,2).sendto(b'x',('127.0.0.1',53))"), CONTAINED},
    {"abstract socket", PYTHON, "import socket\n" DO("socket.socket(1).bind('\\0x')"), CONTAINED},
    {"datagrams to any name", PYTHON, "import socket\n" DO("socket.socketpair(1,2)"), CONTAINED},
    {"netlink", PYTHON, "import socket\n" DO("socket.socket(16,3,0)"), CONTAINED},
    {"raw packets", PYTHON, "import socket\n" DO("socket.socket(17,3,0)"), CONTAINED},
    {"vsock", PYTHON, "import socket\n" DO("socket.socket(40,1)"), CONTAINED},
    /* others' processes */
    {"kill all", PYTHON, "import os\ntry: os.kill(-1,9)\nexcept OSError: pass\n", CONTAINED},
    {"kill the parent", PYTHON, "import os\n" DO("os.kill(os.getppid(),9) if os.getppid() > 1 else 1/0"), CONTAINED},
    {"stop the parent", PYTHON, "import os\n" DO("os.kill(os.getppid(),19) if os.getppid() > 1 else 1/0"), CONTAINED},
    {"stop the parent's group", PYTHON, "import os\n" DO("os.killpg(os.getppid(),19) if os.getppid() > 1 else 1/0"), CONTAINED},
    {"kill the parent's thread", PYTHON, CALL_C IF("os.getppid() > 1 and libc.syscall(234,os.getppid(),os.getppid(),9)==0"), CONTAINED},
    {"kill by number", PYTHON, "import os\nfor p in range(2,40000):\n  if p!=os.getpid():\n    try:\n      os.kill(p,9); print('ESCAPED')\n    except OSError: pass\n", CONTAINED},
    {"trace the parent", PYTHON, CALL_C IF("libc.ptrace(16,os.getppid(),0,0)==0"), CONTAINED},
    {"read the parent's memory", PYTHON, CALL_C IF("libc.syscall(310,os.getppid(),0,0,0,0,0)>=0"), CONTAINED},
    {"pidfd of the parent", PYTHON, "import os\n" DO("os.pidfd_open(os.getppid() or 1)"), CONTAINED},
    {"own the SIGIO of another", PYTHON, "import fcntl,os\n" DO("fcntl.fcntl(0,8,os.getppid() or 1)"), CONTAINED},
    {"limits of the parent", PYTHON, "import resource,os\n" DO("resource.prlimit(os.getppid() or 1,resource.RLIMIT_CPU,(1,1))"), CONTAINED},
    /* kernel */
    {"io_uring", PYTHON, CALL_C IF("libc.syscall(425,8,ctypes.create_string_buffer(120))>=0"), CONTAINED},
    {"keyrings", PYTHON, CALL_C IF("libc.syscall(248,b'user',b'x',b'y',1,-3)>=0 or libc.syscall(250,0,-3,0)>=0"), CONTAINED},
    {"bpf", PYTHON, CALL_C IF("libc.syscall(321,0,ctypes.create_string_buffer(128),128)>=0"), CONTAINED},
    {"perf", PYTHON, CALL_C IF("libc.syscall(298,ctypes.create_string_buffer(128),0,-1,-1,0)>=0"), CONTAINED},
    {"userfaultfd", PYTHON, CALL_C IF("libc.syscall(323,1)>=0"), CONTAINED},
    {"new user namespace", PYTHON, CALL_C IF("libc.unshare(0x10000000)==0"), CONTAINED},
    {"clone into namespaces", PYTHON, CALL_C IF("libc.syscall(56,0x10000000|17,0,0,0,0)>=0"), CONTAINED},
    {"clone3", PYTHON, CALL_C IF("libc.syscall(435,ctypes.create_string_buffer(88),88)>=0"), CONTAINED},
    {"sibling", PYTHON, CALL_C IF("libc.syscall(56,0x8000|17,0,0,0,0)>=0"), CONTAINED},
    {"mount", PYTHON, CALL_C IF("libc.mount(b'tmpfs',b'.',b'tmpfs',0,None)==0"), CONTAINED},
    {"chroot", PYTHON, "import os\n" DO("os.chroot('.')"), CONTAINED},
    {"System V shared memory", PYTHON, CALL_C IF("libc.shmget(1,4096,0o1666)>=0"), CONTAINED},
    {"System V queue", PYTHON, CALL_C IF("libc.msgget(1,0o1666)>=0"), CONTAINED},
    {"message queue", PYTHON, CALL_C IF("libc.syscall(240,b'x',0o102,0o600,0)>=0"), CONTAINED},
    {"open by handle", PYTHON, CALL_C IF("libc.syscall(304,-100,ctypes.create_string_buffer(128),0)>=0"), CONTAINED},
    {"personality", PYTHON, CALL_C IF("libc.syscall(135,0x0040000)>=0"), CONTAINED},
    {"own seccomp filter", PYTHON, CALL_C IF("libc.prctl(22,1,0,0,0)==0"), CONTAINED},
    {"terminal injection", PYTHON, "import fcntl\n" DO("fcntl.ioctl(0,0x5412,b'x')"), CONTAINED},
    {"32-bit system call", GCC, "#include <unistd.h>\nint main(void){int r;__asm__ volatile(\"int $0x80\":\"=a\"(r):\"a\"(20));if(r>0)write(1,\"ESCAPED\",7);return 0;}", CONTAINED},
    {"x32 system call", GCC, "#include <unistd.h>\n#include <sys/syscall.h>\nint main(void){long r=syscall(0x40000000+39);if(r>0)write(1,\"ESCAPED\",7);return 0;}", CONTAINED},
    {"reboot", PYTHON, CALL_C IF("libc.reboot(0)==0"), CONTAINED},
    {"kernel module", PYTHON, CALL_C IF("libc.syscall(313,0,b'',0)>=0"), CONTAINED},
    {"swap, sync", PYTHON, CALL_C IF("libc.syscall(167,b'x',0)>=0 or libc.syscall(306,1)>=0"), CONTAINED},
    /* compilers */
    {"include of a secret", GCC, "#include \"/etc/shadow\"\nint main(void){return 0;}", CONTAINED},
    {"include without end", GCC, "#include \"/dev/zero\"\n", CONTAINED},
    {"include of itself", GCC, "#include __FILE__\n#include __FILE__\n", CONTAINED},
    {"macro bomb", GCC, "#define A B B B B B B B B\n#define B C C C C C C C C\n#define C D D D D D D D D\n#define D E E E E E E E E\n#define E F F F F F F F F\n#define F G G G G G G G G\n#define G H H H H H H H H\n#define H int;int;\nA A A A\n", ENDLESS},
    {"huge object", GCC, "char a[1<<30]={1};char b[1<<30]={1};int main(void){return a[5]+b[5];}", CONTAINED},
    {"incbin of a secret", GCC, "__asm__(\".incbin \\\"/etc/shadow\\\"\");int main(void){return 0;}", CONTAINED},
    /* controls: honest programs live as ever */
    {"threads", PYTHON, "from concurrent.futures import ThreadPoolExecutor as T\nprint(sum(T(4).map(int,'123')))\n", SANDBOX_EXITED},
    {"subprocess", PYTHON, "import subprocess\nprint(subprocess.run(['echo','x'],capture_output=True).stdout)\n", SANDBOX_EXITED},
    {"multiprocessing", PYTHON, "import os\nr,w=os.pipe()\nif os.fork()==0: os.write(w,b'x'); os._exit(0)\nos.wait()\nprint(os.read(r,1))\n", SANDBOX_EXITED},
    {"asyncio", PYTHON, "import asyncio\nasync def f(): await asyncio.sleep(0.01); return 3\nprint(asyncio.run(f()))\n", SANDBOX_EXITED},
    {"temporary files", PYTHON, "import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'x'); print('ok')\n", SANDBOX_EXITED},
    {"deep recursion", PYTHON, "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n==0 else 1+f(n-1)\nprint(f(20000))\n", SANDBOX_EXITED},
};
/* clang-format on */

static const struct sandbox_limits tight = {.cpu_ms = 500,
                                            .wall_ms = 1200,
                                            .memory_bytes = 256 << 20,
                                            .address_bytes = 256 << 20,
                                            .output_bytes = 64 << 10,
                                            .work_bytes = 8 << 20,
                                            .work_files = 200,
                                            .processes = 16,
                                            .open_files = 64};

/* What ends by itself shall have the time for it, also on a busy machine. */
static struct sandbox_limits limits_of(const struct attack *a)
{
    struct sandbox_limits l = tight;
    if (a->end == ENDLESS || a->end == SANDBOX_TIME) return l;
    l.cpu_ms = 10000;
    l.wall_ms = 300000;
    return l;
}

/* A set of walls, and what stood when its sandboxes were open. */
struct world {
    const char *name;
    struct sandbox_options options;
    uid_t
        container_user; /* run as this user without rights, where namespaces are refused; 0: as we are */
    pid_t process;      /* that attacks; 0: not begun */
    struct sandbox *hostile, *neighbour;
    size_t descriptors, processes;
};

/* The library that the cell keeps beside the work directories is no run's. */
static size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
             strcmp(e->d_name, "preload.so") != 0;
    }
    if (d != NULL) closedir(d);
    return n;
}

/* Work directories, and what attacks may leave elsewhere. */
static size_t count_files(const struct world *w)
{
    return count_entries(sandbox_folder(w->hostile)) + count_entries(sandbox_folder(w->neighbour)) +
           (access("/tmp/escaped-by-test", F_OK) == 0);
}

static size_t count_processes(void)
{
    struct proctree_use use = {0};
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    proctree_measure(proc, getpid(), &use);
    close(proc);
    return use.processes;
}

/* What an ordinary container is to us: no root, and no namespaces to be had. */
static bool enter_container(uid_t user)
{
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
    struct scmp_arg_cmp new_user = SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER);
    bool ok =
        seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 0) == 0 &&
        seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, new_user) == 0 &&
        (geteuid() != 0 || (setgroups(0, NULL) == 0 && setgid(user) == 0 && setuid(user) == 0)) &&
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_load(c) == 0;
    seccomp_release(c);
    prctl(PR_SET_DUMPABLE, 1);
    return ok;
}

static bool open_world(struct world *w)
{
    struct error err = {0};
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (w->container_user > 0 && !enter_container(w->container_user)) return false;
    w->hostile = sandbox_open(&w->options, &err);
    w->neighbour = sandbox_open(&w->options, &err);
    if (w->hostile == NULL || w->neighbour == NULL) {
        print_message("%s: %s\n", w->name, err.message);
        return false;
    }
    w->descriptors = count_entries("/proc/self/fd");
    w->processes = count_processes();
    return true;
}

/* How many of the things that must be gone afterwards are not. */
static int close_world(struct world *w)
{
    char folders[2][64];
    snprintf(folders[0], sizeof(folders[0]), "%s", sandbox_folder(w->hostile));
    snprintf(folders[1], sizeof(folders[1]), "%s", sandbox_folder(w->neighbour));
    sandbox_close(w->hostile);
    sandbox_close(w->neighbour);
    int left = (int)count_processes();
    for (int i = 0; i < 2; i++) {
        left += folders[i][0] != '\0' && access(folders[i], F_OK) == 0;
    }
    if (left > 0) print_message("%s: %d processes and folders are left\n", w->name, left);
    return left;
}

static struct sandbox_run run_of(const struct attack *a, struct sandbox_file *file,
                                 const char *const **argv)
{
    static const char *const python[] = {"python3", "run", NULL};
    static const char *const shell[] = {"bash", "a.sh", NULL};
    static const char *const gcc[] = {"bash", "-c", "gcc -w -o a a.c && { exec ./a; }", NULL};
    static const char *const names[] = {"main.py", "a.sh", "a.c"};
    static const char *const *const all[] = {python, shell, gcc};
    *argv = all[a->how];
    *file = (struct sandbox_file){names[a->how], span_str(a->program), false};
    return (struct sandbox_run){.argv = *argv,
                                .warm = a->how == PYTHON,
                                .files = file,
                                .n_files = 1,
                                .limits = limits_of(a)};
}

static int check_end(const struct world *w, const struct attack *a, const struct sandbox_result *r)
{
    struct span escaped = span_str("ESCAPED");
    bool out = span_find(buffer_span(&r->out), escaped, 0) != SPAN_NONE;
    if (!out && r->end != SANDBOX_FAULT && (a->end < 0 || (int)r->end == a->end)) return 0;
    print_message("%s, %s: end %d code %d out '%.*s' err '%.*s' %s\n", w->name, a->name,
                  (int)r->end, r->code, (int)(r->out.n < 200 ? r->out.n : 200),
                  r->out.p ? r->out.p : "", (int)(r->err.n < 400 ? r->err.n : 400),
                  r->err.p ? r->err.p : "", r->error);
    return 1;
}

static int check_world(const struct attack *a, const struct world *w)
{
    size_t descriptors = count_entries("/proc/self/fd"), files = count_files(w);
    size_t processes = count_processes(), expected = w->processes + (a->how == PYTHON);
    if (descriptors == w->descriptors && files == 0 && processes == expected) return 0;
    print_message("%s, %s: left %zu descriptors (%zu), %zu files, %zu processes (%zu)\n", w->name,
                  a->name, descriptors, w->descriptors, files, processes, expected);
    return 1;
}

static int attack(struct world *w, const struct attack *a)
{
    static const char *const cat[] = {"cat", NULL};
    struct sandbox_file file;
    const char *const *argv;
    struct sandbox_run run = run_of(a, &file, &argv);
    struct sandbox_run calm = {.argv = cat, .input = span_str("calm"), .limits = tight};
    struct sandbox_result r, n;
    struct error err = {0};
    int failed = 0;
    sandbox_result_init(&r);
    sandbox_result_init(&n);
    calm.limits.wall_ms = 60000;
    if (!sandbox_start(w->hostile, &run, &err) || !sandbox_run(w->neighbour, &calm, &n, &err) ||
        !sandbox_finish(w->hostile, &r, &err)) {
        print_message("%s: %s\n", a->name, err.message);
        failed++;
    }
    failed += check_end(w, a, &r);
    if (n.end != SANDBOX_EXITED || !span_is(buffer_span(&n.out), "calm")) {
        print_message("%s: its neighbour ended with %d: %s\n", a->name, (int)n.end, n.error);
        failed++;
    }
    failed += check_world(a, w);
    sandbox_result_clear(&r);
    sandbox_result_clear(&n);
    return failed;
}

static int attack_all(struct world *w)
{
    int failed = 0;
    if (!open_world(w)) return 1;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        failed += attack(w, &attacks[i]);
    }
    return failed + close_world(w);
}

static void begin(struct world *w)
{
    w->process = fork();
    if (w->process != 0) return;
    int failed = attack_all(w);
    fflush(stdout);
    fflush(stderr);
    _exit(failed == 0 ? 0 : 1);
}

static void all_attacks(void **state)
{
    struct world *w = *state;
    int status = -1;
    if (w->process == 0) begin(w);
    assert_int_equal(waitpid(w->process, &status, 0), w->process);
    assert_int_equal(status, 0);
}

/* All side by side where each has a user of its own; an argument picks by name, "*" allowed. */
int main(int n, char **args)
{
    enum {
        BEFORE_SCOPES = 5, /* Landlock's last ABI that cannot keep signals inside: Linux 6.11 */
        FIRST_USER = 62000,
        USERS = 1000 /* pairs; below those of cells (box.h) */
    };
    /* Of this run alone: limits count a user's processes, and another run may stand beside. */
    const uid_t user = FIRST_USER + (uid_t)getpid() % USERS * 2;
    struct world worlds[] = {
        {.name = "behind all walls"},
        {.name = "as root, without namespaces", .options = {.no_namespaces = true}},
        {.name = "with namespaces on an older kernel", .options = {.landlock_most = BEFORE_SCOPES}},
        {.name = "in a container", .container_user = user},
        {.name = "in a container on an older kernel",
         .options = {.landlock_most = BEFORE_SCOPES},
         .container_user = user + 1},
    };
    unlink("/tmp/escaped-by-test"); /* of an earlier run */
    struct CMUnitTest tests[sizeof(worlds) / sizeof(worlds[0])];
    for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
        tests[i] = (struct CMUnitTest){
            .name = worlds[i].name, .test_func = all_attacks, .initial_state = &worlds[i]};
        if (n == 1 && geteuid() == 0) begin(&worlds[i]);
    }
    if (n > 1) cmocka_set_test_filter(args[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
