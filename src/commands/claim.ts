/**
 * `claim …`: whose a unit is. The owner's authority and what it signs, on the owner's computer; key, request and
 * certificate, on the unit.
 *
 * Guarantee: no secret is taken from the command line or printed, but for the one derived key of `claim key`.
 */
import { join } from "node:path";
import { azureDps } from "../azure/credentials/credentials.ts";
import { renewalRemedy } from "../azure/credentials/renewal.ts";
import { acceptCertificate } from "../firmware/claim/accept.ts";
import { readNamed, writeNew, writeWhole } from "../firmware/claim/claim.ts";
import {
  caFiles,
  caYears,
  defaultCaFolder,
  deviceDays,
  makeOwnerCa,
  openOwnerCa,
  signRequest,
  verificationCertificate,
} from "../firmware/claim/owner-ca.ts";
import { readable } from "../firmware/claim/pem.ts";
import { makeRequest } from "../firmware/claim/request.ts";
import { describeClaim, type Facts } from "../firmware/claim/show.ts";
import { acceptSteps, signSteps, startSteps, uploadSteps, verifySteps } from "../firmware/claim/steps.ts";
import { exitCodes, StartupError } from "../firmware/process/exit-codes.ts";
import { systemClock } from "../firmware/process/system-clock.ts";
import { claimBatch } from "./claim-batch.ts";
import { derive, deriveFlags, deriveNotes } from "./derive-key.ts";
import { readContext, wholeNumber } from "./line/context.ts";
import { otherDataFolder } from "./line/service-data.ts";
import { type Arguments, sharedFlags, type Verb } from "./line/verb.ts";

const words = {
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
  summary: "Make a unit its owner's: authority, keys, certificates",
  usage: `claim ${Object.keys(words).join("|")} [FILE|CODE] [FLAGS]`,
  subverbs: Object.keys(words),
  judgesFurtherWords: true,
  flags: {
    data: sharedFlags.data,
    ca: {
      value: "FOLDER",
      doc: "the owner's authority (default: grove-heater/owner-ca beside your other settings)",
    },
    ...deriveFlags("key"),
    device: {
      value: "ID",
      doc: "request, sign, key: the device's registration id, which becomes its device id",
    },
    "id-scope": { value: "SCOPE", doc: "accept, batch, key: id scope of DPS or IoT Central" },
    endpoint: { value: "HOST", doc: `accept, batch, key: DPS's host (default: ${azureDps})` },
    out: { value: "PATH", doc: "sign, verify, key: file to write; batch: folder to write" },
    "group-key-file": { value: "FILE", doc: "batch, key: where the group's key is (0600)" },
    type: { value: "TYPE", doc: "batch: x509 (default) or symmetric-key" },
    days: {
      value: "N",
      doc: `sign, batch: days that a device's certificate is valid (default: ${deviceDays})`,
    },
    years: { value: "N", doc: `ca: years that the authority is valid (default: ${caYears})` },
    name: { value: "NAME", doc: "ca: its name (default: grove-heater owner, and a number)" },
    "server-ca": {
      value: "FILE",
      doc: "accept: authority of DPS and hub where it is no public one (local hub)",
    },
    replace: { doc: "accept: also in place of credentials for another id, or of another kind" },
    json: sharedFlags.json,
  },
  notes: `
On the owner's computer (Linux, macOS, Windows), once:
  claim ca              makes the authority; says what to upload where in IoT Central and DPS
  claim verify CODE     the certificate that proves to Azure that the authority is yours
For each unit:
  claim request         on the unit: makes its key, which never leaves it, and prints the request
  claim sign FILE       on the owner's computer: signs the request, writes ID.pem
  claim accept FILE     on the unit: checks the certificate and puts it in force ("-": from the standard input)
Over SSH, with the service's data folder:
  ssh pi sudo grove-heater claim request --data /var/lib/grove-heater --device heater-7 > heater-7.csr
  grove-heater claim sign heater-7.csr
  ssh pi sudo grove-heater claim accept - --data /var/lib/grove-heater --id-scope 0ne00123ABC < heater-7.pem
For many units before their first boot:
  claim batch FILE.csv --id-scope SCOPE --out FOLDER
writes one folder for each id of the list, to be laid over its SD card. Run again it makes what is missing. With
--type symmetric-key the keys come from the group's, read as below.
claim key is credentials derive: ${deriveNotes("claim key").trim()}
claim show tells subject, issuer, expiry and fingerprints. Renewal: 30 days before the end (or in the last third of a
shorter life) doctor, credentials check and the running firmware say so; then request, sign, accept again. The old
certificate is in force until the new one is accepted.
The key lies in a file, 0600. It is not bound to the hardware: whoever copies the card copies it.`,
  run(args) {
    const [word] = args.words;
    const known = Object.keys(words).find((each) => each === word) as keyof typeof words | undefined;
    if (known !== undefined) return words[known](args);
    throw usage("claim what?", `One of: ${Object.keys(words).join(", ")}. More: grove-heater claim --help`);
  },
};

const now = (): number => systemClock.wallNow();
const caFolder = (args: Arguments): string => args.value("ca") ?? defaultCaFolder(process.env);
const usage = (message: string, remedy: string) => new StartupError(exitCodes.usage, message, remedy);

async function makeAuthority(args: Arguments): Promise<number> {
  onlyWords(args, 1);
  const folder = caFolder(args);
  const years = wholeNumber(args, "years", { least: 1, most: 50 }, caYears);
  const { issuer } = await makeOwnerCa(folder, { name: args.value("name"), years, wallMs: now() });
  const { cert, key } = caFiles(folder);
  const until = issuer.cert.notAfter.toISOString().slice(0, 10);
  return print(`Made the authority "${issuer.cert.subjectName.getField("CN")[0]}", valid until ${until}:
  ${cert}   public: goes to Azure
  ${key}   secret: stays here. Keep a copy in a safe place: without it no unit can be renewed.
${uploadSteps(cert, args.value("ca") === undefined ? "" : ` --ca ${folder}`)}`);
}

async function verify(args: Arguments): Promise<number> {
  const code = theWord(args, "the verification code that Azure shows");
  if (!/^[\w-]{1,64}$/.test(code))
    throw usage("That is no verification code.", "Copy it from Azure's dialog.");
  const ca = await openOwnerCa(caFolder(args), now());
  const out = args.value("out") ?? `verify-${code.slice(0, 8)}.pem`;
  await writeNew(out, `${(await verificationCertificate(ca, code, now())).trim()}\n`);
  return print(`${out}: written.\n${verifySteps(out)}`);
}

/** The request alone goes to the standard output: it can be sent through SSH into a file. */
async function request(args: Arguments): Promise<number> {
  onlyWords(args, 1);
  const { data } = readContext(args);
  const made = await makeRequest(data.path, args.value("device"));
  process.stdout.write(made.requestPem);
  const renewal =
    made.inForce.type === undefined ? "" : " What is in force now serves until the answer is accepted.";
  say(`Request for ${made.registrationId}${made.again ? ", with the key of the request before" : ""}: ${made.requestFile}
  key SHA-256 ${readable(made.keyFingerprint)}${renewal}
${signSteps(made.registrationId)}`);
  const other = otherDataFolder(args, data.path);
  if (other !== undefined) say(`! The service keeps its data in ${other}: for it, add --data ${other}`);
  return exitCodes.ok;
}

async function sign(args: Arguments): Promise<number> {
  const from = theWord(args, "the file that claim request printed on the unit");
  const ca = await openOwnerCa(caFolder(args), now());
  const days = wholeNumber(args, "days", { least: 1, most: 36_500 }, deviceDays);
  const device = args.value("device");
  const signed = await signRequest(ca, readNamed(from), { from, device, days, wallMs: now() });
  const out = args.value("out") ?? join(from, "..", `${signed.registrationId.replaceAll(":", "_")}.pem`);
  // An earlier one is out of date: the unit that has it keeps it until it accepts this one.
  await writeWhole(out, signed.chainPem);
  return print(`${out}: signed for ${signed.registrationId}, valid until ${signed.validTo.toISOString().slice(0, 10)}
  key SHA-256 ${readable(signed.keyFingerprint)}: the unit showed the same, or this is another's request
${acceptSteps(out, signed.registrationId)}`);
}

async function accept(args: Arguments): Promise<number> {
  const from = theWord(args, 'the file that claim sign wrote, or "-" for the standard input');
  const serverCa = args.value("server-ca");
  const { data } = readContext(args);
  const accepted = await acceptCertificate({
    dataPath: data.path,
    certificatePem: from === "-" ? await readInput() : readNamed(from),
    from: from === "-" ? "the standard input" : from,
    idScope: args.value("id-scope"),
    endpoint: args.value("endpoint"),
    serverCaPem: serverCa === undefined ? undefined : readNamed(serverCa),
    replace: args.has("replace"),
    wallMs: now(),
  });
  for (const notice of accepted.notices) say(`! ${notice}`);
  const until = accepted.validTo.toISOString().slice(0, 10);
  return print(`This unit is ${accepted.registrationId}, valid until ${until}: ${accepted.credentialsFile}
${startSteps}`);
}

async function show(args: Arguments): Promise<number> {
  onlyWords(args, 1);
  const { data } = readContext(args);
  const shown = await describeClaim(data.path, caFolder(args), now());
  if (args.has("json")) return print(JSON.stringify({ data: data.path, ...shown }, null, 2));
  section("This unit", shown.unit, `not claimed: no credentials.json in ${data.path}`);
  if (shown.pending !== undefined) section("Waits for its certificate", shown.pending, "");
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

/** A certificate chain; more is cut off and then refused. */
const mostInput = 64 * 1024;

async function readInput(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > mostInput) break;
  }
  return text;
}

function theWord(args: Arguments, what: string): string {
  onlyWords(args, 2);
  const word = args.words[1];
  if (word) return word;
  throw usage(`claim ${args.words[0]} needs a word more.`, `Give ${what}; more: grove-heater claim --help`);
}

function onlyWords(args: Arguments, most: number): void {
  if (args.words.length <= most) return;
  const given = args.words.slice(0, most).join(" ");
  throw usage(`claim ${given} takes no further word.`, "See: grove-heater claim --help");
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.ok;
}
