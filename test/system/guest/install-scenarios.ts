/** A service from its installation by a person to its removal. In order; each needs the one before. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { RELAY } from "../../kernel/guest/hat.ts";
import type { Scenario } from "../../kernel/guest/scenario.ts";
import { until } from "../../kernel/guest/until.ts";
import { comesBack, killAll, timedOff } from "./relay-off.ts";
import {
  asRoot,
  dataFolder,
  group,
  milliseconds,
  patienceMs,
  pidOf,
  relayIs,
  shown,
  succeeds,
  systemctl,
  told,
  typed,
  unit,
  useShortTimes,
} from "./service.ts";

const install = "sudo $(command -v node) dist/main.js service install";
const installed: Scenario = {
  name: "an ordinary user with a closed home installs the service with one command, and it decides",
  async run() {
    assert.equal(statSync("/home/pi").mode & 0o777, 0o700);
    const output = succeeds(typed(install));
    assert.match(output, /grove-heater\.service runs: 17\.0 °C/);
    assert.equal(shown("UnitFileState"), "enabled");
    return output.trim().split("\n").at(-1);
  },
};

export const heats: Scenario = {
  name: "heats with the settings in its data folder",
  async run(machine) {
    useShortTimes();
    await relayIs(machine, 1, 120_000);
    return JSON.stringify(told());
  },
};

/** Half of the work of each start, which an emulated machine feels. */
export const heatsOffline: Scenario = {
  name: "heats without cloud or hub, by a drop-in of its owner",
  async run(machine) {
    const run = /^ExecStart=(.*)$/m.exec(readFileSync(`/etc/systemd/system/${unit}`, "utf8"))?.[1];
    mkdirSync(`/etc/systemd/system/${unit}.d`);
    writeFileSync(
      `/etc/systemd/system/${unit}.d/offline.conf`,
      `[Service]\nExecStart=\nExecStart=${run} --offline\n`,
    );
    systemctl("daemon-reload");
    useShortTimes();
    await relayIs(machine, 1, 120_000);
    assert.equal(hasHub(), false);
    return JSON.stringify(told());
  },
};

export const installing: readonly Scenario[] = [
  {
    name: "a user who is not root is told the whole command",
    async run() {
      const { code, output } = typed("node dist/main.js service install");
      assert.equal(code, 77, output);
      assert.match(output, /Run: sudo \/\S+node \/home\/pi\/grove-heater\/dist\/main\.js service install/);
      return "77";
    },
  },
  {
    name: "a folder above the program that the service's user cannot enter is named with its remedy",
    async run() {
      succeeds(asRoot("chmod 700 /opt"));
      const { code, output } = typed(install);
      succeeds(asRoot("chmod 755 /opt"));
      assert.equal(code, 77, output);
      assert.match(output, /sudo chmod o\+x \/opt/);
      assert.equal(existsSync("/etc/systemd/system/grove-heater.service"), false);
      return "77";
    },
  },
  installed,
];

export const asInstalled: readonly Scenario[] = [
  {
    name: "its status is for everybody, in one table",
    async run() {
      const output = succeeds(typed("grove-heater service status"));
      assert.match(output, /^service +active \(running\)/m);
      return output.trim().split("\n").at(-1);
    },
  },
  {
    name: "its user is none of the system's, and sees neither homes nor other devices",
    async run() {
      const pid = pidOf("loop");
      const uid = statSync(`/proc/${pid}`).uid;
      assert.ok(uid >= 61_184 && uid <= 65_519, `uid ${uid}`);
      return `uid ${uid}`;
    },
  },
];

export const doctor: Scenario = {
  name: "an ordinary user's doctor sees the running service, and takes the reading from its loop",
  async run(machine) {
    const { output } = typed("grove-heater doctor");
    assert.match(output, /sensor +the running firmware reads 17\.0 °C, 45 % r\.h\./);
    assert.match(output, /service +runs: 17\.0 °C/);
    assert.doesNotMatch(output, /does not run now/);
    assert.equal(machine.line(RELAY)?.level, 1);
    const byRoot = typed("sudo grove-heater doctor").output;
    assert.match(byRoot, /data-folder +\/var\/lib\/private\/grove-heater/);
    return output.trim().split("\n").at(-1);
  },
};

const secret =
  '{"type":"dps-symmetric-key","idScope":"0ne1","registrationId":"unit-7","deviceKey":"c2VjcmV0IG9mIHRoZSBkZXZpY2UgaW4gdGhlIHJpZyE="}';

/** Whoever has credentials needs no local hub. */
export const hasHub = (): boolean =>
  asRoot(`grep -lz '^hub$' $(sed 's|.*|/proc/&/cmdline|' ${group})`).code === 0;

export const credentials: Scenario = {
  name: "credentials that systemd-creds encrypted reach the loop, and no file of the data folder holds them",
  async run(machine) {
    await until("a local hub without credentials", hasHub, patienceMs);
    const store = "/etc/credstore.encrypted";
    const file = `${store}/grove-heater.credentials.json`;
    succeeds(asRoot(`mkdir -p ${store} && systemd-creds setup`));
    const encrypt = "systemd-creds encrypt --with-key=host --name=credentials.json -";
    succeeds(asRoot(`echo '${secret}' | ${encrypt} ${file}`));
    assert.notEqual(asRoot(`grep -q c2VjcmV0 ${file}`).code, 0, "it is not encrypted");
    systemctl("restart", unit);
    await until("the loop", () => told().decidedAfterMs !== undefined, patienceMs);
    assert.equal(succeeds(asRoot(`cat /run/credentials/${unit}/credentials.json`)).trim(), secret);
    assert.notEqual(asRoot(`grep -rq c2VjcmV0 ${dataFolder}`).code, 0, "it lies in the data folder");
    const logged = `journalctl _SYSTEMD_INVOCATION_ID=${shown("InvocationID")} -o cat`;
    const connecting = (): boolean => asRoot(`${logged} | grep -q cloud-connecting`).code === 0;
    await until("the cloud process to use them", connecting, patienceMs);
    assert.equal(hasHub(), false);
    succeeds(asRoot(`rm ${file}`));
    systemctl("restart", unit);
    await relayIs(machine, 1, 120_000);
    return "read from $CREDENTIALS_DIRECTORY";
  },
};

export const otherUnit: Scenario = {
  name: "a hat that another service drives is refused to the installation, which names it",
  async run(machine) {
    systemctl("stop", unit);
    const run = "/usr/local/bin/node /home/pi/grove-heater/dist/main.js run --offline --data /root/other";
    succeeds(asRoot(`systemd-run --unit=other.service ${run}`));
    try {
      await relayIs(machine, 1, 120_000);
      const { code, output } = typed(install);
      assert.equal(code, 75, output);
      assert.match(output, /sudo systemctl disable --now other\.service/);
      assert.equal(machine.line(RELAY)?.level, 1, "the other one's relay was touched");
      systemctl("start", unit);
      await until("a start that is refused", () => shown("ExecMainStatus") === "75", patienceMs);
      assert.equal(machine.line(RELAY)?.level, 1, "the other one's relay was touched");
      return "75";
    } finally {
      asRoot("systemctl stop other.service");
      await relayIs(machine, 1, 120_000);
    }
  },
};

export const nodeMissing: Scenario = {
  name: "with Node.js gone, a service that is killed leaves the relay off, says why, and comes back with Node.js",
  async run(machine) {
    const node = "/opt/grove-heater/current/bin/node";
    await relayIs(machine, 1, 120_000);
    renameSync(node, `${node}.gone`);
    try {
      const ms = await timedOff(machine, "kill -9 of every process, Node.js missing", killAll);
      await until("a start that fails", () => shown("ExecMainStatus") === "203");
      const { code, output } = typed("node dist/main.js service status");
      assert.equal(code, 1, output);
      assert.match(output, /exit code 203: its Node\.js cannot be executed/);
      return `off after ${milliseconds(ms)}`;
    } finally {
      renameSync(`${node}.gone`, node);
      await comesBack(machine);
    }
  },
};

export const upgrading: Scenario = {
  name: "installed again it is upgraded in place, with its data",
  async run(machine) {
    const target = told().target;
    const output = succeeds(typed(install));
    assert.equal(told().target, target);
    const versions = succeeds(asRoot("ls /opt/grove-heater")).trim().split("\n");
    assert.equal(versions.filter((name) => /^\d/.test(name)).length, 1, versions.join(" "));
    await relayIs(machine, 1, 120_000);
    return output.trim().split("\n").at(-1);
  },
};

export const removing: Scenario = {
  name: "removed, the relay is off and nothing is left but the data",
  async run(machine) {
    await relayIs(machine, 1, 120_000);
    const output = succeeds(typed("sudo grove-heater service remove"));
    assert.match(output, /the relay is off/);
    assert.equal(machine.line(RELAY)?.level, 0);
    const left = succeeds(
      asRoot(
        `find / -xdev -name '*grove-heater*' -not -path '${dataFolder}/*' -not -path '/home/*' -not -path '/tmp/*' | sort`,
      ),
    );
    assert.deepEqual(
      left
        .trim()
        .split("\n")
        .filter((path) => !path.startsWith("/var/lib/systemd/") && !path.startsWith("/var/log/")),
      ["/var/lib/grove-heater", dataFolder],
    );
    return "kept: data";
  },
};
