/**
 * Finds what the rig needs on this machine. Nothing is installed: what is missing comes back as the names of the
 * Debian packages that bring it.
 */
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Kernel {
  /** As `uname -r` would say, for example 6.1.0-56-amd64. */
  readonly release: string;
  readonly image: string;
  /** The configured build tree for modules. */
  readonly headers: string;
  readonly i2cDev: string;
}

export interface Tools {
  readonly kernel: Kernel;
  readonly qemu: string;
  readonly busybox: string;
  readonly make: string;
  readonly strip: string;
  readonly xz: string;
  readonly flock: string;
}

const PROGRAMS = {
  qemu: ["qemu-system-x86_64", "qemu-system-x86"],
  busybox: ["busybox", "busybox-static"],
  make: ["make", "make"],
  strip: ["strip", "binutils"],
  xz: ["xz", "xz-utils"],
  gcc: ["gcc", "gcc"],
  flock: ["flock", "util-linux"],
} as const;

function which(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, program)).find((path) => usable(path, constants.X_OK));
}

function usable(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** The newest kernel that has its image, its headers and i2c-dev all here. */
function findKernel(): Kernel | undefined {
  const modules = "/lib/modules";
  if (!existsSync(modules)) return undefined;
  const newestFirst = readdirSync(modules).sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  for (const release of newestFirst) {
    const image = `/boot/vmlinuz-${release}`;
    const headers = join(modules, release, "build");
    const stem = join(modules, release, "kernel/drivers/i2c/i2c-dev.ko");
    const i2cDev = [stem, `${stem}.xz`].find((path) => existsSync(path));
    if (usable(image, constants.R_OK) && existsSync(join(headers, "Makefile")) && i2cDev !== undefined) {
      return { release, image, headers, i2cDev };
    }
  }
  return undefined;
}

/** Where the packages under test leave what was compiled. */
const NATIVE = ["i2c-bus/build/Release/i2c.node", "epoll/build/Release/epoll.node"];

/**
 * @param root of the repository
 * @returns everything, or the reason and the Debian packages to install
 */
export function findTools(
  root: string,
): Tools | { readonly reason: string; readonly packages: readonly string[] } {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { reason: `needs x86-64 Linux, this is ${process.arch} ${process.platform}`, packages: [] };
  }
  const unbuilt = NATIVE.filter((file) => !existsSync(join(root, "node_modules", file)));
  if (unbuilt.length > 0) {
    return { reason: `not built: ${unbuilt.join(", ")}; npm rebuild i2c-bus epoll`, packages: [] };
  }
  const found = new Map<string, string>();
  const packages: string[] = [];
  for (const [key, [program, debianPackage]] of Object.entries(PROGRAMS)) {
    const path = which(program);
    if (path === undefined) packages.push(debianPackage);
    else found.set(key, path);
  }
  const kernel = findKernel();
  if (kernel === undefined) packages.push("linux-image-amd64", "linux-headers-amd64");
  const path = (key: keyof typeof PROGRAMS): string => found.get(key) ?? "";
  if (kernel === undefined || packages.length > 0)
    return { reason: `missing: ${packages.join(", ")}`, packages };
  return {
    kernel,
    qemu: path("qemu"),
    busybox: path("busybox"),
    make: path("make"),
    strip: path("strip"),
    xz: path("xz"),
    flock: path("flock"),
  };
}
