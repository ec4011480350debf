/**
 * Makes the systemd unit of a field device from the manifest and the board: the kernel refuses what the gate
 * refuses.
 *
 * Guarantees: the service can use the devices of granted buses and lines and no others, and the network only
 * when a host or port is granted; it can write only to its own folder and that of the locks; the relay is
 * forced off before each start and after every end.
 *
 * Limitations: systemd filters by device node, and all GPIO lines of a chip share one device and one folder
 * in /sys, so only the gate (gate.ts) limits single lines, single I²C addresses and host names. For hosts
 * granted by name nftables limits at least the ports (firewall.ts): the unit loads the rules where they are
 * installed.
 */
import { posix } from "node:path";
import type { Wiring } from "../chips/wiring.ts";
import { isAddress, rulesFile } from "./firewall.ts";
import type { Manifest } from "./manifest.ts";

export interface UnitOptions {
  /** Absolute path of the node binary. */
  readonly node: string;
  /** Absolute path of the installed package. */
  readonly folder: string;
  /** Name or path of the board definition; without it the settings decide. */
  readonly board?: string;
  /** Turns the relay off in plain sh, one command per line; missing where no real line is driven. */
  readonly relayOff?: RelayOffScripts | undefined;
}

export interface RelayOffScripts {
  /** Before each start; may wait some seconds until udev has given the line to its group. */
  readonly start: string;
  /** After every end. */
  readonly stop: string;
}

type Line = string | undefined;

/** Text of a .service file for systemd 249 or later (Raspberry Pi OS 12 has 252). */
export function systemdUnit(manifest: Manifest, wiring: Wiring, options: UnitOptions): string {
  const service = [
    program(manifest, options),
    identity(manifest, wiring),
    hardware(manifest, wiring),
    network(manifest),
    fileSystem(manifest, wiring, options),
    kernel(),
    limits(manifest),
  ];
  return [
    '# Made by "grove-heater service" from app_manifest.json: change that and install again, or use: systemctl edit',
    `[Unit]\n${joined(unit(manifest, wiring))}\n`,
    `[Service]\n${service.map(joined).join("\n\n")}\n`,
    "[Install]\nWantedBy=multi-user.target\n",
  ].join("\n");
}

/** Files in $CREDENTIALS_DIRECTORY: the credentials, and the key and certificate that they may name. */
const credentialNames = ["credentials.json", "device.key", "device.pem"];

const joined = (lines: readonly Line[]): string => lines.filter((line) => line !== undefined).join("\n");

function unit(manifest: Manifest, wiring: Wiring): Line[] {
  return [
    `Description=${manifest.name}: ${wiring.board.replaceAll("%", "%%")}`,
    "# A heater controller is never given up, however often it fails; the guardian slows repeats down.",
    "StartLimitIntervalSec=0",
    isNetworked(manifest) ? "Wants=network-online.target" : undefined,
  ];
}

function program(manifest: Manifest, { node, folder, board, relayOff }: UnitOptions): Line[] {
  const start = [node, posix.resolve(folder, manifest.entryPoint)];
  const which = board === undefined ? [] : ["--board", board];
  const command = (...words: string[]) => [...start, ...words, ...which].map(quoted).join(" ");
  return [
    "Type=exec",
    ...(relayOff === undefined
      ? []
      : [
          "# The relay off, without Node.js and as root, so that it works with a damaged program and before udev.",
          `ExecStartPre=-+/bin/sh -c ${script(relayOff.start)}`,
        ]),
    `ExecStart=${command(...manifest.cmdArgs)}`,
    "# From the manager or a drop-in it could open a debugger in the program, or load code into it.",
    "UnsetEnvironment=NODE_OPTIONS",
    "# After every end, kill -9 and a failed start included (SR-01): first without Node.js, then by the program, which",
    "# reads the line back. Never with --force: after a refused start, another process drives the relay.",
    relayOff && `ExecStopPost=-+/bin/sh -c ${script(relayOff.stop)}`,
    `ExecStopPost=${command("relay", "off")}`,
    "Restart=always",
    "RestartSec=2",
    "# When the guardian dies, SIGTERM makes the loop turn the relay off; with KillMode=mixed it would be killed first.",
    "KillMode=control-group",
    "TimeoutStopSec=15",
    "# The guardian sends WATCHDOG=1 by systemd-notify after steps of the loop; Node cannot write to the socket itself.",
    "# The guardian restarts a loop that hangs after 10 s; this is for a guardian that hangs, and both at once.",
    `WatchdogSec=${watchdogSeconds}`,
    "NotifyAccess=all",
  ];
}

/**
 * Three times the guardian's own limit for a silent loop: it always has proof of a working loop more often
 * than that.
 */
const watchdogSeconds = 30;

function identity(manifest: Manifest, wiring: Wiring): Line[] {
  const groups =
    wiring.backend === "virtual" ? [] : [manifest.i2c.size > 0 && "i2c", manifest.gpio.size > 0 && "gpio"];
  const { tcpServerPorts, udpServerPorts } = manifest;
  const capability = [...tcpServerPorts, ...udpServerPorts].some((port) => port < 1024)
    ? "CAP_NET_BIND_SERVICE"
    : "";
  const wanted = groups.filter((group) => group !== false).join(" ");
  return [
    ...(isNetworked(manifest)
      ? [
          "# Credentials, by the names of Azure's samples: the service manager reads the file, the user never can.",
          `EnvironmentFile=-/etc/${manifest.name}.env`,
          "# Or encrypted (systemd-creds), below /etc/credstore.encrypted; what is not there is left out.",
          ...credentialNames.map((name) => `LoadCredentialEncrypted=${name}:${manifest.name}.${name}`),
        ]
      : []),
    "DynamicUser=yes",
    `User=${manifest.name}`,
    wanted === "" ? undefined : `SupplementaryGroups=${wanted}`,
    "NoNewPrivileges=yes",
    `CapabilityBoundingSet=${capability}`,
    `AmbientCapabilities=${capability}`,
    "UMask=0077",
  ];
}

function hardware(manifest: Manifest, wiring: Wiring): Line[] {
  if (wiring.backend === "virtual") return ["# The virtual hat needs no device.", "PrivateDevices=yes"];
  return [
    "DevicePolicy=closed",
    ...[...manifest.i2c.keys()].map((bus) => `DeviceAllow=/dev/i2c-${bus} rw`),
    ...(manifest.gpio.size === 0
      ? ["ProtectKernelTunables=yes"]
      : [
          "# Where there is no sysfs GPIO, lines are requested from the chips' own devices.",
          "DeviceAllow=char-gpiochip rw",
          "# GPIO lines are files under /sys/class/gpio and, behind links, /sys/devices: ProtectKernelTunables= would",
          "# make them read-only. So the rest of /sys and /proc/sys is closed one by one; group gpio decides on lines.",
          "ProtectKernelTunables=no",
          "ReadOnlyPaths=/proc/sys -/proc/sysrq-trigger -/proc/irq",
          "ReadOnlyPaths=-/sys/bus -/sys/firmware -/sys/fs -/sys/kernel -/sys/module -/sys/power",
        ]),
  ];
}

const isNetworked = ({ connections, tcpServerPorts, udpServerPorts }: Manifest): boolean =>
  connections.length + tcpServerPorts.length + udpServerPorts.length > 0;

/** Hosts are granted by name, and peers of a port by nothing: IPAddressAllow= knows neither. */
export const loadsRules = (manifest: Manifest): boolean =>
  isNetworked(manifest) &&
  (manifest.tcpServerPorts.length + manifest.udpServerPorts.length > 0 ||
    !manifest.connections.every(isAddress));

function network(manifest: Manifest): Line[] {
  if (!isNetworked(manifest)) {
    return [
      "# No host and no port is granted.",
      "PrivateNetwork=yes",
      "IPAddressDeny=any",
      "RestrictAddressFamilies=AF_UNIX",
    ];
  }
  const { connections, tcpServerPorts, udpServerPorts } = manifest;
  const ports = [
    ...ranges(tcpServerPorts).map((range) => `tcp:${range}`),
    ...ranges(udpServerPorts).map((range) => `udp:${range}`),
  ];
  return [
    "# AF_NETLINK: getaddrinfo sorts addresses by it (RFC 6724).",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SocketBindDeny=any",
    ...ports.map((port) => `SocketBindAllow=${port}`),
    ...(loadsRules(manifest)
      ? [
          "# Hosts are granted by name, and peers of a port by nothing: IPAddressAllow= knows neither. The gate limits them;",
          '# for what no gate in Node.js sees there are the rules of "grove-heater manifest nftables", where installed.',
          `ExecStartPre=+-/bin/sh -c "test ! -e ${rulesFile(manifest)} || exec nft -f ${rulesFile(manifest)}"`,
        ]
      : ["IPAddressDeny=any", ...connections.map((host) => `IPAddressAllow=${host}`)]),
  ];
}

/** Joins consecutive ports into ranges such as `8784-8815`, as in systemd.resource-control(5). */
function ranges(ports: readonly number[]): string[] {
  const found: { from: number; to: number }[] = [];
  for (const port of ports) {
    const last = found.at(-1);
    if (last?.to === port - 1) last.to = port;
    else found.push({ from: port, to: port });
  }
  return found.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
}

function fileSystem(manifest: Manifest, wiring: Wiring, { node, folder }: UnitOptions): Line[] {
  const atHome = [node, folder].some((path) => /^\/(home|root|run\/user)\//.test(`${path}/`));
  return [
    "ProtectSystem=strict",
    atHome ? "# The program lies in a home folder, and must be readable there for this user." : undefined,
    `ProtectHome=${atHome ? "read-only" : "yes"}`,
    "PrivateTmp=yes",
    ...(wiring.backend === "kernel"
      ? [
          "# The lock of the relay's line is a file there, for services and people alike (SR-12).",
          "ReadWritePaths=-/run/lock",
        ]
      : []),
    ...(manifest.storageKb > 0
      ? [
          "# Updates are there too: Node.js reads and maps their files, so no NoExecPaths= may cover it.",
          `StateDirectory=${manifest.name}`,
          "StateDirectoryMode=0700",
        ]
      : []),
    "# The status file, for everybody on this machine: in memory, removed when the service stops.",
    `RuntimeDirectory=${manifest.name}`,
    "RuntimeDirectoryMode=0755",
    "# One file cannot outgrow the granted storage; the gate limits the sum of all files.",
    `LimitFSIZE=${manifest.storageKb * 1024}`,
    "# A core dump would hold keys.",
    "LimitCORE=0",
  ];
}

function kernel(): Line[] {
  return [
    ...["Clock", "ControlGroups", "Hostname", "KernelLogs", "KernelModules"].map(
      (part) => `Protect${part}=yes`,
    ),
    "ProtectProc=invisible",
    "LockPersonality=yes",
    "RemoveIPC=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged",
    "SystemCallErrorNumber=EPERM",
    "# No MemoryDenyWriteExecute=: V8 compiles at run time.",
  ];
}

function limits(manifest: Manifest): Line[] {
  return [
    "# Guardian, loop, cloud process and local hub together take about half of it; a leak must not exhaust the machine's memory.",
    `MemoryMax=${isNetworked(manifest) ? 384 : 256}M`,
    "# The kernel kills one process, first those that heating can do without; the guardian restarts the loop, systemd the guardian.",
    "OOMPolicy=continue",
    "TasksMax=128",
    "# Many messages must not fill the card; the log itself suppresses repeats as well.",
    "LogRateLimitIntervalSec=30s",
    "LogRateLimitBurst=300",
  ];
}

/** One command per line, also in the unit: a line that ends in a backslash continues (systemd.syntax(7)). */
const script = (text: string): string => quoted(text).replaceAll("\n", " \\\n  ");

/** Quotes a word as in systemd.service(5), "COMMAND LINES", and systemd.unit(5), "SPECIFIERS". */
function quoted(word: string): string {
  const literal = word
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("%", "%%")
    .replaceAll("$", "$$$$");
  return /^[A-Za-z0-9_./:@=,+-]+$/.test(literal) ? literal : `"${literal}"`;
}
