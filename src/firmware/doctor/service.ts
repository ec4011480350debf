/**
 * Checks the installed systemd service: its unit, program, groups and data; and the status that its loop
 * reports.
 *
 * Guarantee: only reads files. What only root may read is reported as such and not guessed.
 */
import { join } from "node:path";
import { faultEffects } from "../../model/faults.ts";
import { type RunningStatus, readRunningStatus, statusFileIn } from "../service/running-status.ts";
import { places, unitName } from "../service/system.ts";
import { type DataFolder, describeDataFolder } from "../storage/data-folder.ts";
import { checkSettings } from "./configuration.ts";
import { checkState } from "./data.ts";
import { type Finding, fail, ok, skip, warn } from "./finding.ts";
import type { Machine } from "./machine.ts";

export interface ServiceCheck {
  /** Empty where no service is installed. */
  readonly findings: readonly Finding[];
  /** It has processes now. */
  readonly running: boolean;
  /** What its loop reports, while it runs. */
  readonly status: RunningStatus | undefined;
}

const reinstall =
  "sudo grove-heater service install (from the program that is to run; settings and state stay)";

/**
 * @param unitText the unit file that this program would install; `undefined`: the board or the manifest is
 * invalid
 * @param version version of this program
 */
export function checkService(
  machine: Machine,
  unitText: string | undefined,
  version: string,
  examined: DataFolder,
): ServiceCheck {
  const unit = machine.read(places.unit);
  if (unit === undefined) return { findings: [], running: false, status: undefined };
  const processes = machine.read(places.processes) ?? "";
  const running = /\d/.test(processes);
  const status = readRunningStatus(machine.resolve(statusFileIn(places.runtime)), processes);
  return {
    findings: [
      ...checkUnit(machine, unit, unitText),
      ...checkDropIns(machine),
      ...checkProgram(machine, unit, version),
      ...checkGroups(machine, unit),
      checkEnabled(machine),
      ...checkSecrets(machine),
      ...checkData(machine, examined),
      checkRunning(running, status),
      ...(status?.faults ?? []).map((code) =>
        warn("service-fault", `the running firmware reports ${code}`, faultEffects[code].remedy),
      ),
    ],
    running,
    status,
  };
}

/** The value on the last line with this key. */
function settingOf(unit: string, key: string): string | undefined {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].at(-1)?.[1];
}

function checkUnit(machine: Machine, unit: string, wanted: string | undefined): Finding[] {
  const check = "service-unit";
  const start = programOf(unit);
  if (start === undefined) return [fail(check, `${places.unit} starts nothing`, reinstall)];
  const home = /^\/(?:home\/[^/]+|root)(?=\/)/.exec(start)?.[0];
  if (home !== undefined) {
    const detail = `it starts ${start}, in a home folder that the service's user cannot read`;
    return [fail(check, detail, reinstall)];
  }
  if (settingOf(unit, "KillMode") === "mixed") {
    const detail = "with KillMode=mixed the loop is killed before it can turn the relay off";
    return [warn(check, detail, reinstall)];
  }
  if (!unit.includes("ExecStopPost=")) {
    return [
      fail(check, "nothing turns the relay off after the service is killed (no ExecStopPost=)", reinstall),
    ];
  }
  if (wanted !== undefined && unit !== wanted && start.startsWith(places.program)) {
    return [warn(check, `${places.unit} differs from the unit of this program`, reinstall)];
  }
  return [ok(check, `${places.unit}${machine.kind(`${places.unit}.d`) ? ", with changes" : ""}`)];
}

/** Node.js and the main file, as ExecStart names them. */
function programOf(unit: string): string | undefined {
  const words = settingOf(unit, "ExecStart")
    ?.replace(/^[-+!:@]*/, "")
    .split(" ");
  return words?.find((word) => word.endsWith(".js")) ?? words?.[0];
}

/** Settings added with `systemctl edit` that can make the service unsafe. */
const unsafe = /^(?:KillMode|ExecStopPost|ExecStartPre|Restart|WatchdogSec|User|DynamicUser)=|NODE_OPTIONS/m;

function checkDropIns(machine: Machine): Finding[] {
  const folder = `${places.unit}.d`;
  return machine
    .list(folder)
    .filter((name) => name.endsWith(".conf"))
    .flatMap((name) => {
      const found = unsafe.exec(machine.read(join(folder, name)) ?? "")?.[0];
      if (found === undefined) return [];
      const detail = `${folder}/${name} sets ${found.replace("=", "")}, so the relay may not be turned off`;
      return [warn("service-changes", detail, `Remove it: sudo systemctl edit ${unitName}`)];
    });
}

function checkProgram(machine: Machine, unit: string, version: string): Finding[] {
  const check = "service-program";
  const words =
    settingOf(unit, "ExecStart")
      ?.replace(/^[-+!:@]*/, "")
      .split(" ") ?? [];
  const [node = ""] = words;
  for (const file of [node, programOf(unit) ?? ""]) {
    if (file.startsWith("/") && machine.kind(file) !== "file")
      return [fail(check, `${file} is missing, so the service cannot start`, reinstall)];
  }
  const installed = versionIn(machine.read(join(places.current, "package.json")));
  if (installed === undefined) return [skip(check, `the version of ${places.current} is unknown`)];
  if (installed !== version) {
    return [warn(check, `the service runs version ${installed}, this program is ${version}`, reinstall)];
  }
  return [ok(check, `version ${installed} in ${places.program}`)];
}

const versionIn = (text: string | undefined): string | undefined =>
  /"version":\s*"([^"]{1,40})"/.exec(text ?? "")?.[1];

/** systemd does not start a service whose group does not exist: exit code 216. */
function checkGroups({ read }: Machine, unit: string): Finding[] {
  const known = new Set(
    read("/etc/group")
      ?.split("\n")
      .map((line) => line.split(":")[0]),
  );
  const missing = (settingOf(unit, "SupplementaryGroups") ?? "")
    .split(" ")
    .filter((group) => group !== "" && !known.has(group));
  if (missing.length === 0) return [];
  const detail = `the service needs the group ${missing.join(" and ")}, which does not exist: it cannot start`;
  return [fail("service-groups", detail, reinstall)];
}

function checkEnabled({ kind }: Machine): Finding {
  const check = "service-boot";
  if (kind(`/etc/systemd/system/multi-user.target.wants/${unitName}`))
    return ok(check, "starts with the computer");
  return warn(check, "does not start with the computer", `sudo systemctl enable ${unitName}`);
}

/** Anyone who can read them can impersonate this device. */
function checkSecrets(machine: Machine): Finding[] {
  if (machine.kind(places.environment) === undefined) return [];
  const check = "service-secrets";
  if (machine.user.uid !== 0 && machine.refusal(places.environment, "read") === undefined) {
    const detail = `${places.environment} contains credentials, and ${machine.user.name} may read it`;
    return [fail(check, detail, `sudo chmod 600 ${places.environment}`)];
  }
  return [ok(check, places.environment)];
}

/** Empty if the service's data folder is the one under examination anyway. */
function checkData(machine: Machine, examined: DataFolder): Finding[] {
  if (examined.path === places.data) return [];
  const check = "service-data";
  const refusal = machine.refusal(places.data, "read");
  if (refusal === "ENOENT") return [ok(check, `${places.data} will be created at its first start`)];
  if (refusal !== undefined) {
    return [skip(check, "only root may read the service's settings and state: sudo grove-heater doctor")];
  }
  const data = describeDataFolder(places.data);
  const settings = checkSettings(machine, { path: data.settingsFile, named: false });
  return [...settings.findings, checkState(machine, data)].map((finding) => ({
    ...finding,
    check: `service-${finding.check}`,
  }));
}

function checkRunning(running: boolean, status: RunningStatus | undefined): Finding {
  const check = "service";
  if (!running) {
    return fail(
      check,
      "is installed but does not run",
      `sudo systemctl start ${unitName}, then: grove-heater service status`,
    );
  }
  if (status === undefined) {
    return warn(
      check,
      "runs, but its loop reports no status",
      "To see how it last ended: grove-heater service status",
    );
  }
  if (status.decidedAfterMs === undefined) {
    return warn(
      check,
      "runs, but has made no decision yet, because it has no credible reading",
      "Check its faults above and the sensor's cable.",
    );
  }
  const { temperature = Number.NaN, heater, target } = status;
  return ok(
    check,
    `runs: ${temperature.toFixed(1)} °C, set-point ${target.toFixed(1)} °C, relay ${heater ? "on" : "off"}`,
  );
}
