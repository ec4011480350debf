/**
 * `manifest check | nftables`: checks the manifest for this board, or prints the packet filter rules made
 * from it.
 */
import { chooseBoard } from "../firmware/choose-board.ts";
import { notGranted } from "../firmware/doctor/configuration.ts";
import { loadManifest, manifestFile } from "../firmware/hardware.ts";
import { exitCodes, StartupError } from "../firmware/process/exit-codes.ts";
import { serviceUnit } from "../firmware/service/install.ts";
import { readSettingsFile } from "../firmware/storage/settings-file.ts";
import { nftables } from "../manifest/firewall.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { readContext } from "./line/context.ts";
import { sharedFlags, type Verb } from "./line/verb.ts";

const { data, settings, board, json } = sharedFlags;

export const verb: Verb = {
  name: "manifest",
  summary: "Check the manifest, or print the nftables rules made from it",
  usage: "manifest check|nftables [FLAGS]",
  subverbs: ["check", "unit", "nftables"],
  flags: {
    data,
    settings,
    board,
    json,
    file: { value: "FILE", doc: "manifest to check (default: manifest/app_manifest.json)" },
  },
  notes: `
The firmware refuses to use what the manifest does not name; in a service the kernel refuses it too (see: grove-heater
service print). service install places the nftables rules in /etc/grove-heater.nft; a file of your own there is kept.
Exit code 78 if the manifest has mistakes; each is reported with its line.`,
  async run(args) {
    const context = readContext(args);
    const name = args.value("board") ?? readSettingsFile(context.settingsFile).settings.board;
    const choice = chooseBoard(name, context.data.path);
    const file = args.value("file") ?? manifestFile;
    const manifest = loadManifest(choice, file);
    if (args.words[0] === "nftables") return print(nftables(manifest));
    // The former name of `service print`.
    if (args.words[0] === "unit") return print(serviceUnit({ choice, manifest }));
    const refused = notGranted(choice.wiring, manifest);
    if (refused.length > 0) {
      throw new StartupError(
        exitCodes.configuration,
        `${file} does not grant ${refused.join(", ")} to ${choice.wiring.board}: the firmware cannot use what is not named.`,
        "Add these names under Capabilities, or name another board with --board.",
      );
    }
    if (args.has("json")) return print(`${JSON.stringify(plain(manifest), null, 2)}\n`);
    return print(`${file}: valid for ${choice.wiring.board}\n${grants(manifest)}\n`);
  },
};

function grants(manifest: Manifest): string {
  const { gpio, i2c, connections, tcpServerPorts, storageKb, mayDeferUpdates } = manifest;
  const lines = [...gpio].map(([line, name]) => `${name} GPIO${line}`);
  const buses = [...i2c].map(([bus, { addresses }]) => `bus ${bus} at ${[...addresses].map(hex).join(" ")}`);
  return [
    `  lines        ${lines.join(", ") || "none"}`,
    `  I²C          ${buses.join("; ") || "none"}`,
    `  connections  ${connections.join(", ") || "none"}`,
    `  listening    ${tcpServerPorts.join(", ") || "none"}`,
    `  storage      ${storageKb} KiB`,
    `  updates      ${mayDeferUpdates ? "may be deferred" : "start without deferral"}`,
  ].join("\n");
}

function plain(manifest: Manifest): object {
  const i2c = [...manifest.i2c].map(([bus, { name, addresses }]) => ({
    bus,
    name,
    addresses: [...addresses],
  }));
  return { ...manifest, gpio: Object.fromEntries(manifest.gpio), i2c };
}

const hex = (address: number): string => `0x${address.toString(16)}`;

function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.ok;
}
