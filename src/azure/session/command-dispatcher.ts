/**
 * Takes commands, by direct method and as offline messages, to the firmware and its answers back.
 *
 * Guarantees: `onCommand` sees only commands of the cloud model with a parameter that fits; a message that comes
 * again, or after its time, is not carried out again; at most 8 commands are under way; an answer goes out in time
 * whatever the handler does.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { isRecord } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import { type CommandName, commandSpec, isCommandName, validateValue } from "../../model/cloud-model.ts";
import { Calls } from "../link/calls.ts";
import type { CommandReply } from "../link/link.ts";
import type { CloudTuning } from "../link/tuning.ts";
import { type InboundMessage, type Payload, readPayload } from "../sdk/inbound.ts";

export interface CommandDeskOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly tuning: CloudTuning;
  readonly onCommand: (name: CommandName, parameter: number | undefined) => Promise<CommandReply>;
  /** Whether a message with this id was taken before; remembers it durably. */
  readonly isRepeated: (messageId: string) => Promise<boolean>;
}

const maxUnderWay = 8;
const largestParameter = 8 * 1024;
/** IoT Central's offline command carries its name here, and "@" as the body of one without a parameter. */
const nameProperty = "method-name";
const noParameter = "@";

export class CommandDispatcher {
  readonly #options: CommandDeskOptions;
  readonly #calls: Calls;
  /** Answers on this link: the same call delivered twice is answered twice and done once. */
  readonly #answered = new Map<string, { readonly at: number; readonly reply: Promise<CommandReply> }>();

  constructor(options: CommandDeskOptions) {
    this.#options = options;
    this.#calls = new Calls(options.clock);
  }

  /** Request ids count from one on every link. */
  newLink(): void {
    this.#answered.clear();
  }

  /** Never rejects. */
  async method(name: string, requestId: string, payload: Payload): Promise<CommandReply> {
    const now = this.#options.clock.now();
    const call = JSON.stringify([requestId, name, payload]);
    const known = this.#answered.get(call);
    if (known !== undefined && now - known.at < this.#options.tuning.commandMs) return known.reply;
    const reply = this.#carryOut(name, payload);
    this.#answered.delete(call);
    this.#answered.set(call, { at: now, reply });
    const [oldest] = this.#answered.keys();
    if (this.#answered.size > 32 && oldest !== undefined) this.#answered.delete(oldest);
    return reply;
  }

  /** Never rejects. MQTT has acknowledged the message by now; there is nobody to answer. */
  async message(message: InboundMessage): Promise<void> {
    const { log } = this.#options;
    const name = message.properties.get(nameProperty) ?? "";
    const fields = { command: name.slice(0, 64), messageId: message.messageId };
    if (this.#isLate(message)) return log.warn("cloud-command-late", fields);
    if (message.messageId !== undefined && (await this.#isRepeated(message.messageId))) {
      return log.info("cloud-command-repeated", fields);
    }
    const body = message.body.trim();
    const payload = readPayload(Buffer.from(body === noParameter ? "" : body), largestParameter);
    const { status } = await this.#carryOut(name, payload);
    log.info("cloud-command-offline", { ...fields, status });
  }

  async #carryOut(name: string, payload: Payload): Promise<CommandReply> {
    const { log, tuning, onCommand } = this.#options;
    if (!isCommandName(name)) return refusal(404, "There is no such command.");
    if (!payload.ok) return refusal(400, `The parameter is ${payload.why}.`);
    const parameter = readParameter(name, payload.value);
    if (!parameter.ok) return refusal(400, parameter.why);
    if (this.#calls.count >= maxUnderWay) return refusal(429, "Too many commands are under way.");
    try {
      const reply = await this.#calls.make<CommandReply>(tuning.commandMs, (done) => {
        onCommand(name, parameter.value).then((answer) => done(undefined, answer), done);
      });
      return reply ?? refusal(500, "No answer.");
    } catch (error) {
      log.error("cloud-command-failed", { command: name, error: messageOf(error) });
      return refusal(500, "The command failed; the device's log says why.");
    }
  }

  #isLate({ expiry }: InboundMessage): boolean {
    if (expiry === undefined) return false;
    const until = Date.parse(expiry);
    return until < this.#options.clock.wallNow();
  }

  async #isRepeated(messageId: string): Promise<boolean> {
    try {
      return await this.#options.isRepeated(messageId);
    } catch (error) {
      this.#options.log.warn("cloud-notes-failed", { error: messageOf(error) });
      return false;
    }
  }
}

type Parameter =
  | { readonly ok: true; readonly value: number | undefined }
  | { readonly ok: false; readonly why: string };

function readParameter(name: CommandName, value: unknown): Parameter {
  const { request } = commandSpec(name);
  const missing = value === undefined || value === null || value === "" || isEmptyRecord(value);
  if (request === undefined) {
    return missing ? { ok: true, value: undefined } : { ok: false, why: `${name} takes no parameter.` };
  }
  const given = missing ? request.default : value;
  const why = validateValue(request.schema, given);
  if (why !== undefined) return { ok: false, why: `${request.name} ${why}.` };
  return typeof given === "number"
    ? { ok: true, value: given }
    : { ok: false, why: `${request.name} must be a number.` };
}

const isEmptyRecord = (value: unknown): boolean => isRecord(value) && Object.keys(value).length === 0;

const refusal = (status: number, message: string): CommandReply => ({ status, payload: { message } });
