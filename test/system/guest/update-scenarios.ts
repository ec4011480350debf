/** Updates from a feed in a folder, taken by a sealed unit under the genuine systemd, with the relay's line watched. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { RELAY } from "../../kernel/guest/hat.ts";
import type { Machine } from "../../kernel/guest/machine.ts";
import type { Scenario } from "../../kernel/guest/scenario.ts";
import { until } from "../../kernel/guest/until.ts";
import {
  asRoot,
  controlGroup,
  dataFolder,
  milliseconds,
  now,
  relayIs,
  shown,
  succeeds,
  typed,
  useShortTimes,
} from "./service.ts";

/** As a stick would be mounted: the service's user cannot look into a home. */
const stick = "/srv/feed";

function publish(counter: number): void {
  const owner = "--folder feed --key owner.key --group home";
  succeeds(typed(`grove-heater feed publish ${owner} --image ${counter}.image --percent 100`));
  succeeds(asRoot(`rm -rf ${stick} && cp -r /home/pi/grove-heater/feed ${stick} && chmod -R a+rX ${stick}`));
}

/** A release that throws at import; without packages it is quick to make. */
function makeBadImage(): void {
  succeeds(typed("mkdir -p bad/dist && cp -r boards manifest package.json bad"));
  succeeds(typed(`echo 'throw new Error("a bad release");' >bad/dist/loop.js`));
  succeeds(typed("grove-heater image build --from bad --release 0.3.0 --counter 3 --out bad.image"));
  succeeds(typed("grove-heater image sign bad.image --key owner.key --out 3.image"));
}

/** The log of this start of the service has such an event; asked sparingly, it takes the machine's time. */
async function logged(event: string, limitMs: number): Promise<void> {
  const log = `journalctl _SYSTEMD_INVOCATION_ID=${shown("InvocationID")} -o cat`;
  const seen = async (): Promise<boolean> =>
    asRoot(`${log} | grep -q ${event}`).code === 0 || sleep(1000).then(() => false);
  await until(event, seen, limitMs);
}

/** What the service takes of the memory that its unit grants. */
class MemoryWatch {
  #anon = 0;
  readonly #timer = setInterval(() => {
    this.#anon = Math.max(this.#anon, this.#read("stat", "anon"));
  }, 200);
  #read(file: string, name: string): number {
    return Number(
      new RegExp(`^${name} (\\d+)$`, "m").exec(readFileSync(`${controlGroup}/memory.${file}`, "utf8"))?.[1],
    );
  }
  /** @throws AssertionError when the kernel had to kill */
  stop(): string {
    clearInterval(this.#timer);
    assert.equal(this.#read("events", "oom_kill"), 0, "the kernel killed for memory");
    const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
    const peak = Number(readFileSync(`${controlGroup}/memory.peak`, "utf8"));
    return `memory at most ${mib(this.#anon)} of its own, ${mib(peak)} with the disk's cache`;
  }
}

const check = "sudo grove-heater update check --data /var/lib/grove-heater";

/** Waits for the swap and for heat after it. @returns for how long there was none */
async function swapped(machine: Machine): Promise<string> {
  await relayIs(machine, 0, 200_000);
  await logged("update-starts", 10_000);
  const off = machine.line(RELAY)?.changedMs ?? Number.NaN;
  await relayIs(machine, 1, 120_000);
  return `no heat for ${milliseconds((machine.line(RELAY)?.changedMs ?? Number.NaN) - off)}`;
}

export const updates: readonly Scenario[] = [
  {
    name: "a good update from the feed: installed within the unit's memory, the relay off at the swap, confirmed",
    limitMs: 600_000,
    async run(machine) {
      publish(2);
      writeFileSync(
        `${dataFolder}/updates.json`,
        JSON.stringify({ feed: { url: `file://${stick}/`, group: "home" } }),
      );
      useShortTimes({ updateDeferralHours: 0 });
      await relayIs(machine, 0);
      await relayIs(machine, 1, 120_000);
      const watch = new MemoryWatch();
      const start = now();
      assert.match(succeeds(typed(check)), /is assigned/);
      const heat = await swapped(machine);
      await logged("update-confirmed", 200_000);
      return `confirmed after ${milliseconds(now() - start)}, ${heat}, ${watch.stop()}`;
    },
  },
  {
    name: "a bad update from the feed: three starts, reverted, and what ran before heats again",
    limitMs: 600_000,
    async run(machine) {
      makeBadImage();
      publish(3);
      const start = now();
      assert.match(succeeds(typed(check)), /is assigned/);
      const heat = await swapped(machine);
      const { output } = typed("sudo grove-heater update status --json --data /var/lib/grove-heater");
      const { outcome } = JSON.parse(output) as { outcome: { result: string; reason: string } };
      assert.equal(outcome.result, "reverted");
      assert.match(outcome.reason, /in 3 starts/);
      return `${outcome.reason}; heat again after ${milliseconds(now() - start)}, ${heat}`;
    },
  },
];
