/**
 * `claim …`: claims units for their owner. The authority and its signatures are made on the owner's computer,
 * keys and requests on the unit.
 *
 * Guarantee: no secret is read from the command line, and none is printed, except the key that `claim key`
 * derives.
 */
import { join } from "node:path";
import { azureDps } from "../../azure/credentials/credentials.ts";
import { renewalRemedy } from "../../azure/credentials/renewal.ts";
import { acceptCertificate } from "../../firmware/claim/accept.ts";
import { readRequired, writeNew, writeWhole } from "../../firmware/claim/claim.ts";
import {
  caFiles,
  caYears,
  defaultCaFolder,
  deviceDays,
  makeOwnerCa,
  openOwnerCa,
  signRequest,
  verificationCertificate,
} from "../../firmware/claim/owner-ca.ts";
import { groupedDigits } from "../../firmware/claim/pem.ts";
import { makeRequest } from "../../firmware/claim/request.ts";
import { describeClaim, type Facts } from "../../firmware/claim/show.ts";
import { acceptSteps, signSteps, startSteps, uploadSteps, verifySteps } from "../../firmware/claim/steps.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { systemClock } from "../../firmware/process/system-clock.ts";
import { readContext, wholeNumber } from "../line/context.ts";
import { print } from "../line/print.ts";
import { otherDataFolder } from "../line/service-data.ts";
import { type Arguments, sharedFlags, type Verb } from "../line/verb.ts";
import { claimBatch } from "./claim/batch.ts";
import { derive, deriveFlags, deriveNotes } from "./claim/derive-key.ts";

const subverbs = {
  ca: makeAuthority,
  verify,
  request,
  sign,
  accept,
  key: (args: Arguments) => derive(args, "claim"),
  batch: claimBatch,
  show,
} as const;

export const verb: Verb = {
  name: "claim",
  summary: "Claim a unit for its owner: authority, keys, certificates",
  usage: `claim ${Object.keys(subverbs).join("|")} [FILE|CODE] [FLAGS]`,
  subverbs: Object.keys(subverbs),
  checksFurtherWords: true,
  flags: {
    data: sharedFlags.data,
    ca: {
      value: "FOLDER",
      doc: "the owner's authority (default: grove-heater/owner-ca in your configuration folder)",
    },
    ...deriveFlags("key"),
    device: {
      value: "ID",
      doc: "request, sign, key: the device's registration id, which becomes its device id",
    },
    "id-scope": { value: "SCOPE", doc: "accept, batch, key: id scope of DPS or IoT Central" },
    endpoint: { value: "HOST", doc: `accept, batch, key: DPS's host (default: ${azureDps})` },
    out: { value: "PATH", doc: "sign, verify, key: file to write; batch: folder to write" },
    "group-key-file": { value: "FILE", doc: "batch, key: file with the group's key (0600)" },
    type: { value: "TYPE", doc: "batch: x509 (default) or symmetric-key" },
    days: {
      value: "N",
      doc: `sign, batch: days that a device's certificate is valid (default: ${deviceDays})`,
    },
    years: { value: "N", doc: `ca: years that the authority is valid (default: ${caYears})` },
    name: { value: "NAME", doc: 'ca: its name (default: "grove-heater owner" with a number)' },
    "server-ca": {
      value: "FILE",
      doc: "accept: authority of DPS and hub, if it is not a public one (local hub)",
    },
    replace: { doc: "accept: also replace credentials for another id, or of another type" },
    json: sharedFlags.json,
  },
  notes: `
On the owner's computer (Linux, macOS, Windows), once:
  claim ca              makes the authority, and explains what to upload to IoT Central or DPS
  claim verify CODE     makes the certificate that proves to Azure that the authority is yours
For each unit:
  claim request         on the unit: makes its key, which never leaves it, and prints the request
  claim sign FILE       on the owner's computer: signs the request, writes ID.pem
  claim accept FILE     on the unit: checks the certificate and activates it ("-": from standard input)
Over SSH, with the service's data folder:
  ssh pi sudo grove-heater claim request --data /var/lib/grove-heater --device heater-7 > heater-7.csr
  grove-heater claim sign heater-7.csr
  ssh pi sudo grove-heater claim accept - --data /var/lib/grove-heater --id-scope 0ne00123ABC < heater-7.pem
For many units before their first boot:
  claim batch FILE.csv --id-scope SCOPE --out FOLDER
writes one folder for each id in the list, to copy onto its SD card. A second run makes what is missing. With
--type symmetric-key the keys are derived from the group's key, which is read as described below.
claim key is the same as credentials derive: ${deriveNotes("claim key").trim()}
claim show prints subject, issuer, expiry and fingerprints. Renewal: from 30 days before expiry (or in the last third of a
shorter validity) doctor, credentials check and the running firmware warn; then request, sign and accept again. The old
certificate stays in force until the new one is accepted.
The key is stored in a file (0600). It is not bound to the hardware: a copy of the card contains it.`,
  run(args) {
    const [word] = args.words;
    const known = Object.keys(subverbs).find((each) => each === word) as keyof typeof subverbs | undefined;
    if (known !== undefined) return subverbs[known](args);
    const names = Object.keys(subverbs).join(", ");
    throw usage("claim needs a subcommand.", `Use one of: ${names}. More: grove-heater claim --help`);
  },
};

const now = (): number => systemClock.wallNow();
const caFolder = (args: Arguments): string => args.value("ca") ?? defaultCaFolder(process.env);
const usage = (message: string, remedy: string) => new StartupError(exitCodes.usage, message, remedy);

async function makeAuthority(args: Arguments): Promise<number> {
  checkWordCount(args, 1);
  const folder = caFolder(args);
  const years = wholeNumber(args, "years", { least: 1, most: 50 }, caYears);
  const { issuer } = await makeOwnerCa(folder, { name: args.value("name"), years, wallMs: now() });
  const { cert, key } = caFiles(folder);
  const until = issuer.cert.notAfter.toISOString().slice(0, 10);
  return print(`Made the authority "${issuer.cert.subjectName.getField("CN")[0]}", valid until ${until}:
  ${cert}   public: upload it to Azure
  ${key}   secret: keep it here, and a copy in a safe place: without it no certificate can be renewed.
${uploadSteps(cert, args.value("ca") === undefined ? "" : ` --ca ${folder}`)}`);
}

async function verify(args: Arguments): Promise<number> {
  const code = requiredWord(args, "the verification code that Azure shows");
  if (!/^[\w-]{1,64}$/.test(code))
    throw usage("This is not a verification code.", "Copy it from Azure's dialog.");
  const ca = await openOwnerCa(caFolder(args), now());
  const out = args.value("out") ?? `verify-${code.slice(0, 8)}.pem`;
  await writeNew(out, `${(await verificationCertificate(ca, code, now())).trim()}\n`);
  return print(`${out}: written.\n${verifySteps(out)}`);
}

/** Only the request is printed to standard output, so that it can be redirected to a file over SSH. */
async function request(args: Arguments): Promise<number> {
  checkWordCount(args, 1);
  const { data } = readContext(args);
  const made = await makeRequest(data.path, args.value("device"));
  process.stdout.write(made.requestPem);
  const renewal =
    made.inForce.type === undefined
      ? ""
      : " The present credentials stay in force until the new ones are accepted.";
  printNote(`Request for ${made.registrationId}${made.reusedKey ? ", with the key of the previous request" : ""}: ${made.requestFile}
  key SHA-256 ${groupedDigits(made.keyFingerprint)}${renewal}
${signSteps(made.registrationId)}`);
  const other = otherDataFolder(args, data.path);
  if (other !== undefined) printNote(`! The service keeps its data in ${other}: for it, add --data ${other}`);
  return exitCodes.ok;
}

async function sign(args: Arguments): Promise<number> {
  const from = requiredWord(args, "the file with the output of claim request on the unit");
  const ca = await openOwnerCa(caFolder(args), now());
  const days = wholeNumber(args, "days", { least: 1, most: 36_500 }, deviceDays);
  const device = args.value("device");
  const signed = await signRequest(ca, readRequired(from), { from, device, days, wallMs: now() });
  const out = args.value("out") ?? join(from, "..", `${signed.registrationId.replaceAll(":", "_")}.pem`);
  // Replaces an earlier file: its certificate stays in force on the unit until this one is accepted.
  await writeWhole(out, signed.chainPem);
  return print(`${out}: signed for ${signed.registrationId}, valid until ${signed.validTo.toISOString().slice(0, 10)}
  key SHA-256 ${groupedDigits(signed.keyFingerprint)}: must be the same as on the unit, else this is not its request
${acceptSteps(out, signed.registrationId)}`);
}

async function accept(args: Arguments): Promise<number> {
  const from = requiredWord(args, 'the file that claim sign wrote, or "-" for standard input');
  const serverCa = args.value("server-ca");
  const { data } = readContext(args);
  const accepted = await acceptCertificate({
    dataPath: data.path,
    certificatePem: from === "-" ? await readInput() : readRequired(from),
    from: from === "-" ? "standard input" : from,
    idScope: args.value("id-scope"),
    endpoint: args.value("endpoint"),
    serverCaPem: serverCa === undefined ? undefined : readRequired(serverCa),
    replace: args.has("replace"),
    wallMs: now(),
  });
  for (const notice of accepted.notices) printNote(`! ${notice}`);
  const until = accepted.validTo.toISOString().slice(0, 10);
  return print(`This unit is ${accepted.registrationId}, valid until ${until}: ${accepted.credentialsFile}
${startSteps}`);
}

async function show(args: Arguments): Promise<number> {
  checkWordCount(args, 1);
  const { data } = readContext(args);
  const shown = await describeClaim(data.path, caFolder(args), now());
  if (args.has("json")) return print(JSON.stringify({ data: data.path, ...shown }, null, 2));
  section("This unit", shown.unit, `not claimed: no credentials.json in ${data.path}`);
  if (shown.pending !== undefined) section("Request without a certificate yet", shown.pending, "");
  section("Authority", shown.authority, `none in ${caFolder(args)}`);
  const other = otherDataFolder(args, data.path);
  if (other !== undefined) print(`The service keeps its data in ${other}: for it, add --data ${other}`);
  if (shown.renewal !== undefined) print(`! ${shown.renewal}\n  ${renewalRemedy}`);
  return exitCodes.ok;
}

function section(title: string, facts: Facts | undefined, otherwise: string): void {
  if (facts === undefined) return void print(`${title}: ${otherwise}`);
  print(`${title}:`);
  for (const [name, value] of Object.entries(facts)) print(`  ${name.padEnd(16)} ${value}`);
}

/** Enough for a certificate chain; longer input is truncated and then rejected. */
const maxInputLength = 64 * 1024;

async function readInput(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > maxInputLength) break;
  }
  return text;
}

function requiredWord(args: Arguments, what: string): string {
  checkWordCount(args, 2);
  const word = args.words[1];
  if (word) return word;
  throw usage(`claim ${args.words[0]} needs an argument.`, `Give ${what}; more: grove-heater claim --help`);
}

function checkWordCount(args: Arguments, max: number): void {
  if (args.words.length <= max) return;
  throw usage(`unexpected argument: ${args.words[max]}`, "See: grove-heater claim --help");
}

const printNote = (text: string): void => void process.stderr.write(`${text}\n`);
