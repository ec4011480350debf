/** Checks what the program itself needs: Node.js, its native packages, the clock, the power supply. */
import { type Clock, isTrustedWallTime } from "../../base/clock.ts";
import { isoTime } from "../../base/iso-time.ts";
import { clockSync } from "../local-time/clock-sync.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";

/** The same as `engines` in package.json. */
const minimumNode = [20, 19] as const;
const recommendedNode = 24;

export function checkNode({ nodeVersion }: Machine): Finding {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  const [minimumMajor, minimumMinor] = minimumNode;
  const here = `Node.js ${nodeVersion}`;
  const remedy = `Install Node.js ${recommendedNode} (https://nodejs.org), then run npm rebuild in the program's folder.`;
  if (major < minimumMajor || (major === minimumMajor && minor < minimumMinor)) {
    return fail(
      "node",
      `${here} is older than ${minimumNode.join(".")}, the oldest supported version`,
      remedy,
    );
  }
  if (major >= recommendedNode) return ok("node", here);
  // No warning: the version is supported.
  return ok("node", `${here} (${recommendedNode} is recommended)`);
}

export const rebuild =
  "sudo apt-get install build-essential python3, then in the program's folder: npm rebuild i2c-bus epoll";

export function checkPackages(unbuilt: string | undefined, realHat: boolean): Finding {
  if (unbuilt === undefined) return ok("native-packages", "i2c-bus and epoll are built");
  const detail = `the native package ${unbuilt} is not built`;
  if (!realHat) return skip("native-packages", `${detail}; the virtual hat does not need it`);
  return fail("native-packages", `${detail}, so the real hat cannot be driven`, rebuild);
}

const setClock =
  "sudo timedatectl set-ntp true, and make sure that a network or a clock chip (RTC) is available at the start.";

/** Heating does not need the wall clock; timestamps, certificates and minimum times across a restart do. */
export function checkClock(clock: Clock): Finding {
  const now = isoTime(clock.wallNow());
  if (isTrustedWallTime(clock.wallNow())) return ok("clock", now.replace(/\.\d+Z/, "Z"));
  return fail(
    "clock",
    `the clock says ${now.slice(0, 10)}: certificates will be rejected, and timestamps are wrong`,
    setClock,
  );
}

export function checkClockSync(machine: Machine): Finding {
  const check = "clock-sync";
  const sync = clockSync(machine);
  if (sync.service === undefined) {
    return skip(check, "unknown: neither systemd-timesyncd, chrony nor ntpd runs here");
  }
  if (sync.service !== "systemd-timesyncd" || sync.synchronised) {
    return ok(check, `synchronised by ${sync.service}`);
  }
  return warn(check, "systemd-timesyncd has had no answer from a time server since the start", setClock);
}

/** A weak supply for relay and display often causes a Pi to restart, or corrupts data on the bus. */
export function checkPower(machine: Machine): Finding {
  const check = "power";
  const monitors = machine.list("/sys/class/hwmon").map((name) => `/sys/class/hwmon/${name}`);
  const monitor = monitors.find((folder) => machine.read(`${folder}/name`)?.trim() === "rpi_volt");
  const alarm = monitor && machine.read(`${monitor}/in0_lcrit_alarm`)?.trim();
  if (alarm === "0") return ok(check, "the supply voltage is stable");
  if (alarm === undefined) return skip(check, "unknown: this computer cannot monitor its supply voltage");
  const remedy = "Use the power supply made for this computer, and a short, thick cable.";
  return warn(check, "the supply voltage is, or was, too low", remedy);
}
