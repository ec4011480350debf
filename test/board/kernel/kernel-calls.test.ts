import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lockOpenFile } from "../../../src/base/files/file-lock.ts";
import { kernelFlock } from "../../../src/board/kernel/kernel-calls.ts";
import { kernelCallsFile } from "../../../src/firmware/process/package-root.ts";
import { lockRig } from "../../base/files/lock-rig.ts";

const nativeFlock = kernelFlock(kernelCallsFile);

const { another, closeAll } = lockRig();

// Without a C compiler there is no such call, and the program flock serves.
describe.runIf(existsSync(kernelCallsFile))("the kernel's own lock", () => {
  it("has one holder or many that share it, and ends with the descriptor", () => {
    expect(nativeFlock(another(), "exclusive")).toBe("locked");
    expect(nativeFlock(another(), "exclusive")).toBe("busy");
    expect(nativeFlock(another(), "shared")).toBe("busy");
    closeAll();
    expect(nativeFlock(another(), "shared")).toBe("locked");
    expect(nativeFlock(another(), "shared")).toBe("locked");
    expect(nativeFlock(another(), "exclusive")).toBe("busy");
  });

  it("is the same lock as the program's", () => {
    expect(nativeFlock(another(), "exclusive")).toBe("locked");
    expect(lockOpenFile(another())).toBe("busy");
  });

  it("is left to others where the build did not make the call", () => {
    expect(kernelFlock("/nowhere/kernel-calls.node")(another(), "exclusive")).toBeUndefined();
  });

  it("of what is no open file is a failure with its cause", () => {
    expect(nativeFlock(9999, "exclusive")).toEqual({ failed: "the kernel's flock failed (EBADF)" });
  });
});
