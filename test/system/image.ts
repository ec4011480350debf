/**
 * Makes the guest's disk: a minimal Debian with systemd, this very node for all users, an ordinary user with a closed home
 * that holds a built checkout, our kernel module as the hat, and the guest's program.
 *
 * Debian itself is made once and kept as an archive; the disk is made anew for each run.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runtimePackages } from "../../src/firmware/service/program-files.ts";
import { Cpio } from "../kernel/cpio.ts";
import { strippedNode } from "../kernel/initramfs.ts";
import { machineKinds } from "../kernel/machine-kinds.ts";
import type { Tools } from "../kernel/prerequisites.ts";
import { gpioParameter } from "./plans.ts";

/** What a stock Raspberry Pi OS Lite has and this firmware asks for; nothing of it is ours. */
const packages = [
  "systemd-sysv",
  "udev",
  "dbus",
  "sudo",
  "kmod",
  "libstdc++6",
  "nftables",
  "libnss-systemd",
  "procps",
];
const suite = "bookworm";

export interface ImageParts {
  /** Root of the repository, built. */
  readonly root: string;
  readonly cache: string;
  readonly rigModule: string;
  /** The bundled guest program. */
  readonly guest: string;
}

/** @returns the archive, or why it cannot be made: without a network nothing of it is a failure of ours */
export function debianArchive(cache: string): string | { readonly reason: string } {
  const key = createHash("sha256")
    .update(`${suite} ${packages.join(" ")}`)
    .digest("hex")
    .slice(0, 12);
  const archive = join(cache, `debian-${key}.tar`);
  if (existsSync(archive)) return archive;
  const fresh = `${archive}.new.tar`;
  const args = ["--quiet", "--variant=minbase", `--include=${packages.join(",")}`, suite, fresh];
  const made = spawnSync("mmdebstrap", args, { encoding: "utf8", timeout: 900_000 });
  if (made.status !== 0) {
    const why = `${made.stderr}${made.error?.message ?? ""}`.trim().split("\n").slice(-3).join("; ");
    return { reason: `mmdebstrap could not make a Debian: ${why}` };
  }
  renameSync(fresh, archive);
  return archive;
}

/** Ordinary user, as on Raspberry Pi OS: may use sudo, and nobody else may enter the home. */
const user = { name: "pi", uid: 1000, home: "/home/pi" };
/** A checkout, as `npm start` leaves it. */
const checkout = ["dist", "boards", "manifest", "package.json", "README.md", "LICENSE"];
const { label, base, ngpio, oled } = machineKinds["pi-4"];

const files: Readonly<Record<string, string>> = {
  "etc/hostname": "heater\n",
  "etc/hosts": "127.0.0.1 localhost heater\n",
  "etc/fstab": "/dev/vda / ext4 defaults,noatime 0 1\n",
  "etc/modules-load.d/rig.conf": "grove_rig\ni2c-dev\n",
  "etc/modprobe.d/rig.conf": `options grove_rig label=${label} base=${base} ngpio=${ngpio} oled=${oled}\n`,
  "etc/sudoers.d/pi": "pi ALL=(ALL) NOPASSWD: ALL\n",
  // Owner's computer and unit are one here. There is no git to ask for the time of a commit.
  "usr/local/bin/ssh": '#!/bin/sh\nshift\nexec /bin/sh -c "$*"\n',
  "etc/profile.d/release.sh": "export SOURCE_DATE_EPOCH=1790000000\n",
  // As where the kernel was built without it: nothing is left to be found.
  "etc/systemd/system/sys-class-gpio.mount": `[Unit]
ConditionKernelCommandLine=${gpioParameter}chardev
DefaultDependencies=no
Before=local-fs.target systemd-udevd.service

[Mount]
What=tmpfs
Where=/sys/class/gpio
Type=tmpfs

[Install]
WantedBy=local-fs.target
`,
  // Nobody presses the mode button, which is low when pressed, and the room is cold. Process numbers differ at each start, as
  // on a machine that does more.
  "etc/systemd/system/room.service": `[Unit]
After=systemd-modules-load.service sys-kernel-debug.mount
Before=grove-heater.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c "cd /sys/kernel/debug/grove_rig && echo 19 1 >input && echo 17000 45000 >air"
ExecStart=/bin/sh -c "shuf -i 300-4000000 -n 1 >/proc/sys/kernel/ns_last_pid"

[Install]
WantedBy=multi-user.target
`,
  "etc/systemd/system/system-test.service": `[Unit]
Description=The guest's program
After=room.service
# So that at the end of the system it sees that of the service.
Before=grove-heater.service

[Service]
ExecStart=/usr/local/bin/node /opt/system-test/guest.mjs
StandardOutput=append:/dev/ttyS0
StandardError=append:/dev/ttyS0
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
`,
};

/** @returns path of the disk */
export function makeDisk(tools: Tools, archive: string, parts: ImageParts): string {
  const { root, cache } = parts;
  const tree = join(cache, "tree");
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree);
  execFileSync("tar", ["-xpf", archive, "-C", tree, "--exclude=./dev/*"]);
  for (const [name, text] of Object.entries(files)) put(join(tree, name), text);
  execFileSync("chmod", ["440", join(tree, "etc/sudoers.d/pi")]);
  execFileSync("chmod", ["755", join(tree, "usr/local/bin/ssh")]);
  put(join(tree, "opt/system-test/guest.mjs"), readFileSync(parts.guest));
  addModules(tools, tree, parts.rigModule);
  cpSync(strippedNode(tools, cache), join(tree, "usr/local/bin/node"));
  execFileSync("chmod", ["755", join(tree, "usr/local/bin/node")]);
  const run = (...command: string[]): void => void execFileSync("chroot", [tree, ...command]);
  run("useradd", "--uid", String(user.uid), "--create-home", "--shell", "/bin/bash", user.name);
  const home = join(tree, user.home, "grove-heater");
  mkdirSync(home);
  for (const name of checkout) copy(join(root, name), join(home, name));
  for (const path of runtimePackages(root)) copy(join(root, path), join(home, path));
  run("chown", "-R", `${user.name}:${user.name}`, user.home);
  run("chmod", "700", user.home);
  run("systemctl", "enable", "room.service", "system-test.service", "sys-class-gpio.mount");
  run("systemctl", "mask", "serial-getty@ttyS0.service", "getty@tty1.service", "apt-daily.timer");
  rmSync(join(tree, "etc/machine-id"), { force: true });
  // Empty, not missing: an image that somebody has set up already, as Raspberry Pi OS is after its first boot.
  put(join(tree, "etc/machine-id"), "");
  const disk = join(cache, "disk.ext4");
  rmSync(disk, { force: true });
  execFileSync("truncate", ["-s", "1500M", disk]);
  execFileSync("mkfs.ext4", ["-q", "-F", "-d", tree, disk]);
  rmSync(tree, { recursive: true });
  return disk;
}

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

function copy(from: string, to: string): void {
  if (existsSync(from)) cpSync(from, to, { recursive: true, dereference: true });
}

function addModules(tools: Tools, tree: string, rigModule: string): void {
  const { release, i2cDev } = tools.kernel;
  const target = join(tree, "lib/modules", release);
  mkdirSync(join(target, "extra"), { recursive: true });
  cpSync(rigModule, join(target, "extra/grove_rig.ko"));
  cpSync(i2cDev, join(target, "extra", basename(i2cDev)));
  execFileSync("depmod", ["-b", tree, release]);
}

/** Loads what the disk needs and hands over to systemd. @returns path of the archive */
export function makeBootArchive(tools: Tools, cache: string): string {
  const { release } = tools.kernel;
  const wanted = ["virtio_pci", "virtio_blk", "ext4"];
  const modules = wanted.flatMap((name) =>
    execFileSync("modprobe", ["-S", release, "-D", name], { encoding: "utf8" })
      .split("\n")
      .flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []),
  );
  const unique = [...new Set(modules)];
  const archive = new Cpio()
    .device("/dev/console", 5, 1)
    .file("/bin/busybox", readFileSync(tools.busybox), 0o755)
    .link("/bin/sh", "busybox");
  for (const folder of ["/proc", "/sys", "/root"]) archive.folder(folder);
  const plain = (path: string): Uint8Array =>
    path.endsWith(".xz")
      ? execFileSync(tools.xz, ["-dc", path], { maxBuffer: 64 << 20 })
      : readFileSync(path);
  const names = unique.map((path) => basename(path).replace(/\.xz$/, ""));
  for (const [at, path] of unique.entries()) archive.file(`/modules/${names[at]}`, plain(path));
  const init = [
    "#!/bin/busybox sh",
    "b=/bin/busybox",
    "$b mount -t devtmpfs devtmpfs /dev",
    // One that this processor lacks is followed by one that it has.
    ...names.map((name) => `$b insmod /modules/${name} 2>/dev/null`),
    "$b mount -t ext4 -o noatime /dev/vda /root",
    "exec $b switch_root /root /lib/systemd/systemd",
  ];
  const result = join(cache, "boot.cpio");
  archive.file("/init", `${init.join("\n")}\n`, 0o755).writeTo(result);
  return result;
}
