import { expect, it } from "vitest";
import { StoreFailures } from "../../../src/azure/outbox/store-failures.ts";
import { type Log, silentLog } from "../../../src/base/log.ts";

const full = (file: number) => `IO error: outbox/${file}.log: No space left on device`;

it("A failure is over when something was written, also when the disk kept silent in between", () => {
  const said: string[] = [];
  const note: Log["warn"] = (event, fields) => said.push(`${event} ${fields?.["code"] ?? ""}`);
  const trouble = new StoreFailures({ ...silentLog, warn: note, info: note });
  trouble.failed("io", full(1));
  trouble.hangs();
  expect(trouble.cause).toBe("the disk does not answer");
  trouble.failed("io", full(2));
  trouble.answered();
  expect(trouble.cause).toBe(full(2));
  trouble.written(3);
  expect(trouble.cause).toBeUndefined();
  trouble.written(0);
  expect(said).toEqual(["outbox-store-failed io", "outbox-store-failed hangs", "outbox-store-works-again "]);
});
