import { expect, it } from "vitest";
import { systemOfThisMachine } from "../../../src/firmware/service/system.ts";

const { run } = systemOfThisMachine(() => undefined);

it("a program's code and all that it printed are its result", () => {
  expect(run("sh", ["-c", "echo one; echo two >&2; exit 3"])).toEqual({ code: 3, out: "one\ntwo" });
  expect(run("sh", ["-c", "echo $LC_ALL; pwd"])).toEqual({ code: 0, out: "C.UTF-8\n/" });
});

it("a program that is not there, or does not end within its limit, has no code, and the cause is said", () => {
  expect(run("no-such-program", [])).toEqual({ code: undefined, out: "ENOENT" });
  expect(run("sleep", ["600"], { limit: 0.2 })).toEqual({ code: undefined, out: "ETIMEDOUT" });
});
