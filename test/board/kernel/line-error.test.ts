/** Which remedy a line's failure names. */
import { describe, expect, it } from "vitest";
import { lineError } from "../../../src/board/kernel/line-error.ts";

const busy = Object.assign(new Error("EBUSY: resource busy"), { code: "EBUSY" });

describe("the failure of a line that something else holds", () => {
  it("names the holder where it is known", () => {
    const { code, message } = lineError(16, busy, "fancontrol");
    expect(code).toBe("busy");
    expect(message).toContain('"fancontrol" holds it: stop that program');
  });

  it("says how to find the holder where it is not", () => {
    const { code, message } = lineError(16, busy);
    expect(code).toBe("busy");
    expect(message).toContain("sudo cat /sys/kernel/debug/gpio names it");
    expect(message).not.toContain("undefined");
  });
});
