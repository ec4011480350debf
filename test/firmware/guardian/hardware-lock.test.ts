import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { lockOpenFile } from "../../../src/base/files/file-lock.ts";
import { findGpioChip } from "../../../src/board/kernel/gpio-chip.ts";
import {
  type HardwareLock,
  type Lockable,
  probeLock,
  type Refusal,
  takeLock,
} from "../../../src/firmware/guardian/hardware-lock.ts";
import { readNote } from "../../../src/firmware/guardian/holder-note.ts";
import { type SysTree, sysTree } from "../../board/kernel/sys-tree.ts";
import { Contenders } from "./contenders.ts";

const native = vi.hoisted(() => ({ built: true }));
vi.mock("../../../src/board/kernel/kernel-calls.ts", async (original) => {
  const genuine = await original<typeof import("../../../src/board/kernel/kernel-calls.ts")>();
  return { ...genuine, kernelFlock: (path: string) => genuine.kernelFlock(native.built ? path : "/nowhere") };
});

let root: string;
let tree: SysTree;
const locks: HardwareLock[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hardware-lock-"));
  tree = sysTree("pi-4-kernel-6.6");
  mkdirSync(lockFolder());
});
afterEach(() => {
  for (const lock of locks.splice(0)) lock.release();
  rmSync(root, { recursive: true });
  tree.remove();
});

const lockFolder = () => join(root, "lock");
const lockFile = (line = 16) => join(lockFolder(), `grove-heater.pinctrl-bcm2711.${line}.lock`);
const relay = (line = 16): Lockable => {
  const sysRoot = tree.root;
  return { kind: "line", chip: findGpioChip(["pinctrl-bcm2711"], { sysRoot }), line, sysRoot };
};
const take = (lockable = relay(), folder = lockFolder(), data = "/data/first"): HardwareLock | Refusal => {
  const lock = takeLock(lockable, data, folder);
  if (lock.kind === "held") locks.push(lock);
  return lock;
};
const kind = (lock: HardwareLock | Refusal): string => lock.kind;
const giveBack = (): void => {
  for (const lock of locks.splice(0)) lock.release();
};

describe.runIf(process.platform === "linux")("SR-12: the lock of a relay's line", () => {
  it("has one holder, whom a refusal names with the data folder", () => {
    expect(take()).toMatchObject({ kind: "held", missing: [] });
    expect(take(relay(), lockFolder(), "/data/second")).toMatchObject({
      kind: "refused",
      holder: { pid: process.pid, dataFolder: "/data/first" },
    });
    giveBack();
    expect(kind(take())).toBe("held");
  });

  it("is one per line of a chip", () => {
    expect(["held", "held", "refused"]).toEqual(
      [take(relay(16)), take(relay(20)), take(relay(20))].map(kind),
    );
  });

  it("has one holder of ten that start at once, time after time, also after kill -9", {
    timeout: 120_000,
  }, async () => {
    const contenders = new Contenders();
    onTestFinished(() => contenders.stop());
    await contenders.start(10);
    const holders: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      holders.push(await contenders.round(round % 3 === 2 ? "kill" : "release"));
    }
    expect(holders).toEqual(holders.map(() => 1));
  });

  it("lasts as long as one process that inherited it, and no longer", async () => {
    const lock = take();
    if (lock.kind === "refused") throw new Error("refused");
    const child = spawn("cat", [], { stdio: ["pipe", "ignore", "ignore", ...lock.descriptors] });
    giveBack();
    expect(kind(take())).toBe("refused");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(kind(take())).toBe("held");
  });

  it("is not passed on to what a process that inherited it starts in turn", async () => {
    const lock = take();
    if (lock.kind === "refused") throw new Error("refused");
    const program = `const { spawn } = require("node:child_process");
      spawn("sleep", ["60"], { stdio: "ignore", detached: true }).once("spawn", function () {
        console.log(this.pid); process.exit();
      });`;
    const child = spawn(process.execPath, ["-e", program], {
      stdio: ["ignore", "pipe", "inherit", ...lock.descriptors],
    });
    const grandchild = Number(await child.stdout?.setEncoding("utf8").toArray());
    giveBack();
    expect(kind(take())).toBe("held");
    process.kill(grandchild);
  });

  it("is refused by the chip's own file where /run/lock is not to be used, and by all that use it", () => {
    const nowhere = join(root, "none");
    expect(take(relay(), nowhere)).toMatchObject({
      kind: "held",
      missing: [expect.stringContaining("ENOENT")],
    });
    expect(kind(take(relay(), nowhere))).toBe("refused");
    expect(kind(take(relay(20)))).toBe("refused");
    giveBack();
    expect(kind(take())).toBe("held");
    expect(kind(take(relay(), nowhere))).toBe("refused");
  });

  it.each([
    ["a FIFO", () => spawnSync("mkfifo", [lockFile()])],
    ["a link", () => symlinkSync(join(root, "elsewhere"), lockFile())],
    ["a folder that cannot be read", () => mkdirSync(lockFile(), { mode: 0 })],
  ])("is taken at once with %s in the place of its file, and still has one holder", (_, make) => {
    make();
    expect(kind(take())).toBe("held");
    expect(kind(take())).toBe("refused");
    expect(existsSync(join(root, "elsewhere"))).toBe(false);
  });

  it("can be taken by every user, whoever made its file", () => {
    take();
    giveBack();
    expect(statSync(lockFile()).mode & 0o777).toBe(0o666);
  });

  it("leaves a file without a note behind", () => {
    take();
    giveBack();
    expect(readFileSync(lockFile(), "utf8")).toBe("");
  });

  it("is held by the chip's own file where the line's is none, and says so", () => {
    spawnSync("mkfifo", [lockFile()]);
    expect(take()).toMatchObject({ kind: "held", missing: [`${lockFile()}: it is not a file`] });
    expect(kind(take())).toBe("refused");
  });

  it("is asked for without being taken or made", () => {
    expect(probeLock(relay(), lockFolder()).kind).toBe("free");
    expect(existsSync(lockFile())).toBe(false);
    take();
    expect(probeLock(relay(), lockFolder())).toMatchObject({ kind: "refused", holder: { pid: process.pid } });
    expect(probeLock(relay(20), lockFolder())).toMatchObject({
      kind: "refused",
      holder: { pid: process.pid },
    });
  });
});

describe.runIf(process.platform === "linux")("without the native call and the program flock", () => {
  beforeEach(() => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    native.built = false;
    return () => {
      process.env["PATH"] = path;
      native.built = true;
    };
  });

  it("a start goes on without the lock, and says which part is missing and why", () => {
    const lock = take();
    expect(lock).toMatchObject({ kind: "held", parts: 2 });
    expect(lock.kind === "held" && lock.missing).toEqual([
      `${lockFile()}: the program flock cannot be started (ENOENT)`,
      expect.stringMatching(/label: the program flock cannot be started \(ENOENT\)$/),
    ]);
  });

  it("a start is refused where the note of another holder names a process that lives", () => {
    take();
    const own = JSON.parse(readFileSync(lockFile(), "utf8"));
    const stat = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
    const startTicks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
    writeFileSync(lockFile(), JSON.stringify({ ...own, pid: process.ppid, startTicks }));
    expect(take()).toMatchObject({ kind: "refused", holder: { pid: process.ppid } });
    writeFileSync(lockFile(), JSON.stringify({ ...own, pid: process.ppid, startTicks: startTicks + 1 }));
    expect(kind(take())).toBe("held");
  });

  it("nobody can tell whether the hardware is in use", () => {
    writeFileSync(lockFile(), "");
    expect(probeLock(relay(), lockFolder())).toEqual({
      kind: "unknown",
      why: expect.stringContaining("flock"),
    });
  });
});

describe.runIf(process.platform === "linux")("the lock of a data folder", () => {
  const folder = (): Lockable => ({ kind: "folder", path: root });

  it("is the folder's own, so that it works on a disk that cannot be written", () => {
    chmodSync(root, 0o500);
    expect(take(folder())).toMatchObject({ kind: "held", missing: [] });
    expect(kind(take(folder()))).toBe("refused");
    giveBack();
    expect(kind(take(folder()))).toBe("held");
    chmodSync(root, 0o700);
  });

  it.each([
    ["a number that another program has", () => writeFileSync(join(root, "lock"), "1")],
    ["a FIFO", () => spawnSync("mkfifo", [join(root, "lock")])],
    ["a folder", () => mkdirSync(join(root, "lock"))],
    ["10 GB of nothing", () => spawnSync("truncate", ["-s", "10G", join(root, "lock")])],
  ])("is taken at once beside %s in the place of its note", (_, make) => {
    rmSync(join(root, "lock"), { recursive: true });
    make();
    expect(kind(take(folder()))).toBe("held");
    expect(kind(take(folder()))).toBe("refused");
  });
});

describe("a note", () => {
  const path = () => join(root, "note");
  const note = (change: object): void => {
    take({ kind: "folder", path: root });
    const own = JSON.parse(readFileSync(join(root, "lock"), "utf8"));
    writeFileSync(path(), JSON.stringify({ ...own, ...change }));
  };
  beforeEach(() => rmSync(lockFolder(), { recursive: true }));

  it("of a living process names it", () => {
    note({});
    expect(readNote(path())).toMatchObject({ pid: process.pid, dataFolder: "/data/first", elsewhere: false });
  });

  it.each([
    ["another start of the machine", { boot: "1b4e28ba-2fa1-11d2-883f-0016d3cca427" }],
    ["a process whose number another one has now", { startTicks: 1 }],
    ["a number that is none", { pid: -1 }],
  ])("of %s names nobody", (_, change) => {
    note(change);
    expect(readNote(path())).toBeUndefined();
  });

  it("of another pid namespace is said to be one", () => {
    note({ pidNamespace: "pid:[1]", pid: 2 });
    expect(readNote(path())).toMatchObject({ pid: 2, elsewhere: true });
  });

  it("cannot write on the terminal of its reader", () => {
    note({ user: "\u001b[2Jx", dataFolder: "y".repeat(3000) });
    expect(readNote(path())?.user).toBe("?[2Jx");
    expect(readNote(path())?.dataFolder).toHaveLength(200);
  });
});

it("a lock on what is no open file is a failure with its cause, not a holder", () => {
  expect(lockOpenFile(1000)).toEqual({ failed: expect.stringContaining("flock") });
});
