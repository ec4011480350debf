import { chmodSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lockOpenFile } from "../../../src/base/files/file-lock.ts";
import { lockRig } from "./lock-rig.ts";

const { another, closeAll, closeFirst, pathOf } = lockRig();

describe.runIf(process.platform === "linux")("the lock of an open file", () => {
  it("has one holder, until its descriptor is closed", () => {
    const first = another();
    expect(lockOpenFile(first)).toBe("locked");
    expect(lockOpenFile(first)).toBe("locked");
    expect(lockOpenFile(another())).toBe("busy");
    closeFirst();
    expect(lockOpenFile(another())).toBe("locked");
  });

  it("is shared by many, and by none beside one that has it for itself", () => {
    expect([lockOpenFile(another(), "shared"), lockOpenFile(another(), "shared")]).toEqual([
      "locked",
      "locked",
    ]);
    expect(lockOpenFile(another(), "exclusive")).toBe("busy");
    closeAll();
    expect(lockOpenFile(another(), "exclusive")).toBe("locked");
    expect(lockOpenFile(another(), "shared")).toBe("busy");
  });

  it("is taken by the caller's own call where it has one, and by the program where that is not at hand", () => {
    const asked: string[] = [];
    const own = (_: number, mode: string) => {
      asked.push(mode);
      return mode === "shared" ? undefined : "busy";
    };
    expect(lockOpenFile(another(), "exclusive", own)).toBe("busy");
    expect(lockOpenFile(another(), "shared", own)).toBe("locked");
    expect(asked).toEqual(["exclusive", "shared"]);
  });

  it("is found where there is no PATH, as in a service", () => {
    const path = process.env["PATH"];
    delete process.env["PATH"];
    try {
      expect(lockOpenFile(another())).toBe("locked");
    } finally {
      process.env["PATH"] = path;
    }
  });

  /** A program named flock that does something else. */
  const withProgram = (text: string): unknown => {
    const program = pathOf("flock");
    writeFileSync(program, `#!/bin/sh\n${text}\n`);
    chmodSync(program, 0o755);
    const path = process.env["PATH"];
    process.env["PATH"] = pathOf("");
    try {
      return lockOpenFile(another());
    } finally {
      process.env["PATH"] = path;
    }
  };

  it.each([
    ["exit 70", "the program flock failed (exit code 70)"],
    ["kill -9 $$", "the program flock failed (SIGKILL)"],
  ])(
    "is neither had nor held by another when the program ends with `%s`: the cause is told",
    (text, failed) => {
      expect(withProgram(text)).toEqual({ failed });
    },
  );

  it("is neither where the program is not there, and the cause is told", () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      expect(lockOpenFile(another())).toEqual({ failed: "the program flock cannot be started (ENOENT)" });
    } finally {
      process.env["PATH"] = path;
    }
  });
});
