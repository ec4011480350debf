import { expect, it } from "vitest";
import { dayAndTimeText, tellNow, timeText, untilText } from "../../../src/hub/page/model/text/times.ts";

const at = new Date(2026, 0, 16, 18, 40, 5).getTime();

it("tells the time of today alone, of another day with its date, always in 24 hours", () => {
  tellNow(at + 1000);
  expect(timeText(at)).toBe("18:40:05");
  tellNow(at + 24 * 3_600_000);
  expect(timeText(at)).toMatch(/16.*18:40:05$/);
  expect(dayAndTimeText(at)).toMatch(/16.*2026.*18:40$/);
  expect(untilText(at, at - 1000)).toBe("18:40");
  expect(untilText(at, at - 3 * 86_400_000)).toMatch(/18:40$/);
  expect([timeText(at), dayAndTimeText(at)].join()).not.toMatch(/[AP]M/i);
});
