"""What deploy/ has: packages by release, the health check, probes, manual and completion, all against the program itself.

SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import subprocess
import sys

import pytest
from conftest import BIN, ENVIRONMENT, PATIENCE, ROOT
from test_listen import make_certificate

DEPLOY = ROOT / "deploy"


def said(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT, **kwargs)
    return done.returncode, done.stdout, done.stderr


# ---- packages ----


def system(tmp_path, text):
    path = tmp_path / "os-release"
    path.write_text(text)
    return {**os.environ, "OS_RELEASE": str(path)}


@pytest.mark.parametrize("text", ["ID=fedora\nVERSION_ID=42\n", "ID=ubuntu\nVERSION_ID=24.04\n", "ID=debian\nVERSION_ID=11\n", ""])
def test_other_systems_are_told_what_is_supported(tmp_path, text):
    status, out, err = said("deploy/install-packages.sh", "build", env=system(tmp_path, text))
    assert status == 1 and out == ""
    assert "Debian 12 and 13" in err and "container" in err


@pytest.mark.parametrize("release, has, lacks", [("12", "libflint-arb-dev", "libclang-rt-19-dev"), ("13", "libclang-rt-19-dev", "libflint-arb-dev")])
def test_packages_by_release(tmp_path, release, has, lacks):
    """Told by a user who may not install, on a machine that has none of them."""
    for name, text in {"id": "#!/bin/sh\necho 1000\n", "sudo": "#!/bin/sh\nexit 1\n", "dpkg-query": "#!/bin/sh\nexit 1\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    env = system(tmp_path, f"ID=debian\nVERSION_ID=\"{release}\"\n")
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    status, _, err = said("deploy/install-packages.sh", "build", "fuzz", env=env)
    assert status == 1 and "sudo apt-get update && sudo apt-get install" in err
    words = err.split()
    assert has in words and lacks not in words and "libmicrohttpd-dev" in words


INSTALLED = """install ok installed, nodejs, nodejs-dev, nodejs-legacy, npm (= 10.8.2)
install ok installed, chromium,
deinstall ok config-files, fonts-dejavu-core,
"""


def test_what_an_installed_package_provides_is_there(tmp_path):
    """NodeSource's nodejs provides npm; what is only left of a package that was removed is not there."""
    (tmp_path / "installed").write_text(INSTALLED)
    scripts = {"id": "#!/bin/sh\necho 1000\n", "sudo": "#!/bin/sh\nexit 1\n", "dpkg-query": f"#!/bin/sh\ncat {tmp_path}/installed\n"}
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    env = system(tmp_path, "ID=debian\nVERSION_ID=12\n")
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    status, _, err = said("deploy/install-packages.sh", "page", env=env)
    assert status == 1 and "Missing packages: fonts-dejavu-core\n" in err
    (tmp_path / "installed").write_text(INSTALLED.replace("deinstall ok config-files", "install ok installed"))
    assert said("deploy/install-packages.sh", "page", env=env) == (0, "", "")


def test_the_image_knows_who_signs_certificates():
    """Judge models and fetched files are asked for by https."""
    runtime = [line.split()[1:] for line in (DEPLOY / "packages.txt").read_text().splitlines() if line.startswith("runtime ")]
    assert ["ca-certificates"] in runtime and ["openssl"] in runtime


# ---- the health check, where a container's processes and addresses are its own ----

IN_A_CONTAINER = r"""
import fcntl, signal, socket, struct, subprocess, sys, time
s = socket.socket()  # the loopback up, as a container has it
fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x41))
check = ["bash", "deploy/healthcheck.sh"]
assert subprocess.run(check).returncode == 1, "healthy without a server"
server = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
until = time.time() + 300
while subprocess.run(check, stderr=subprocess.DEVNULL).returncode != 0:
    assert server.poll() is None and time.time() < until
    time.sleep(0.05)
server.send_signal(signal.SIGTERM)
assert server.wait() == 0
assert subprocess.run(check).returncode == 1, "healthy when the server is gone"
print("right")
"""
OWN = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc"]


@pytest.mark.parametrize(
    "flags, env",
    [([], {}), (["--port", "9123"], {}), ([], {"TOUCHSTONE_HOST": "0.0.0.0", "TOUCHSTONE_PORT": "8099"}), (["--host", "::1"], {})],
)
def test_health_check_finds_the_server(flags, env):
    health_check(flags, env)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_health_check_of_a_server_that_speaks_tls(tmp_path, host):
    certificate, key = make_certificate(tmp_path, "anybody")
    health_check(["--host", host, "--tls-cert", certificate, "--tls-key", key], {})


def health_check(flags, env):
    if said(*OWN, "true")[0] != 0:
        pytest.skip("no namespaces here")
    status, out, err = said(*OWN, sys.executable, "-c", IN_A_CONTAINER, BIN, "serve", *map(str, flags), env={**ENVIRONMENT, **env})
    assert status == 0 and out == "right\n", err


# ---- what names the program's own things ----


@pytest.mark.parametrize("name", ["kubernetes.yaml", "healthcheck.sh"])
def test_probes_name_routes(server, name):
    text = (DEPLOY / name).read_text()
    paths = set(re.findall(r"path: (/[a-z]+)", text) + re.findall(r"GET (/[a-z]+) HTTP", text))
    assert paths
    for path in paths:
        assert server.http.get(path).status_code == 200


@pytest.mark.parametrize("name", ["kubernetes.yaml", "compose.yaml", "touchstone.service", "../Dockerfile"])
def test_variables_are_settings(name):
    settings = set(re.findall(r"^#([a-z-]+) =", said(BIN, "config", env=ENVIRONMENT)[1], re.M)) | {"config", "name"}
    variables = re.findall(r"TOUCHSTONE_([A-Z_]*[A-Z])\b", (DEPLOY / name).read_text())
    assert variables
    assert {v.lower().replace("_", "-") for v in variables} - settings == set()


@pytest.mark.parametrize("name, folder", [("compose.yaml", ":/var/tmp"), ("kubernetes.yaml", "mountPath: /var/tmp}")])
def test_weights_can_be_sent_to_a_container_that_cannot_write(name, folder):
    """The folder of --staging-dir lies on a volume."""
    text = (DEPLOY / name).read_text()
    assert re.search(r"read_?only(RootFilesystem)?: true", text, re.I) and folder in text


def test_the_unit_reloads_what_can_be_reloaded():
    """SIGHUP, which is no end of a server that began with it ignored (nohup)."""
    unit = (DEPLOY / "touchstone.service").read_text()
    assert re.search(r"^ExecStart=/usr/bin/nohup @PREFIX@/bin/touchstone serve$", unit, re.M)
    assert re.search(r"^ExecReload=/bin/kill -HUP \$MAINPID$", unit, re.M) and "\nRuntimeDirectory=touchstone\n" in unit


def test_the_manual_has_every_command_and_setting():
    told = "".join(said(BIN, word, env=ENVIRONMENT)[1] for word in ("--version", "--help", "config"))
    page = subprocess.run(["awk", "-f", "deploy/manual.awk"], input=told, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    entries = [line[3:].replace("\\-", "-") for line in page.splitlines() if line.startswith(".B ")]
    settings = re.findall(r"^#([a-z-]+) =", told, re.M)
    commands = re.findall(r"^  ([a-z]+) ", said(BIN, "--help", env=ENVIRONMENT)[1], re.M)
    assert len(settings) > 20 and len(commands) > 5
    assert set(entries) >= {*commands, *("--" + s for s in settings)}
    assert page.startswith(".TH TOUCHSTONE 1 ") and "\\e" not in page


@pytest.mark.parametrize(
    "words, wanted",
    [(["ver"], {"verify"}), (["hel"], {"help"}), (["help", "ver"], {"verify"}), (["key", "n"], {"new"}),
     (["serve", "--max-q"], {"--max-queue"}), (["serve", "--kv", "f"], {"f16", "f32"})],
)
def test_completion(words, wanted):
    line = " ".join(f"'{w}'" for w in [BIN, *words])
    script = f"source deploy/touchstone.bash; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _touchstone; echo \"${{COMPREPLY[@]}}\""
    status, out, err = said("bash", "-c", script, env=ENVIRONMENT)
    assert status == 0 and set(out.split()) == wanted, err
