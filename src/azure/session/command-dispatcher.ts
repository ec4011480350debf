/**
 * Passes commands, from direct methods and offline messages, to the firmware and returns the answers.
 *
 * Guarantees: `onCommand` receives only commands of the model with a valid parameter; a repeated or expired message is
 * not executed; at most 8 commands run at once; every method is answered in time.
 */
import { type Clock, isTrustedWallTime } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { isRecord } from "../../base/json/value.ts";
import type { Log } from "../../base/log.ts";
import {
  type CommandName,
  type CommandParameter,
  commandSpec,
  isCommandName,
  validateValue,
} from "../../model/cloud-model.ts";
import { Calls } from "../link/calls.ts";
import type { CommandReply } from "../link/link.ts";
import type { CloudTuning } from "../link/tuning.ts";
import { type InboundMessage, type Payload, readPayload } from "../sdk/inbound.ts";

export interface CommandDispatcherOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly tuning: CloudTuning;
  readonly onCommand: (name: CommandName, parameter: CommandParameter | undefined) => Promise<CommandReply>;
  /** Whether a message with this id was executed before; stores the id. */
  readonly isRepeated: (messageId: string) => Promise<boolean>;
}

const maxConcurrent = 8;
const largestParameter = 8 * 1024;
/** An offline command of IoT Central has its name in this property, and the body "@" without a parameter. */
const nameProperty = "method-name";
const noParameter = "@";

export class CommandDispatcher {
  readonly #options: CommandDispatcherOptions;
  readonly #calls: Calls;
  /** Answers on this link: a call that is delivered twice is answered twice but executed once. */
  readonly #answered = new Map<string, { readonly at: number; readonly reply: Promise<CommandReply> }>();

  constructor(options: CommandDispatcherOptions) {
    this.#options = options;
    this.#calls = new Calls(options.clock);
  }

  /** Call this for each new link: its request ids start again from one. */
  newLink(): void {
    this.#answered.clear();
  }

  /** Never rejects. */
  async method(name: string, requestId: string, payload: Payload): Promise<CommandReply> {
    const now = this.#options.clock.now();
    const call = JSON.stringify([requestId, name, payload]);
    const known = this.#answered.get(call);
    if (known !== undefined && now - known.at < this.#options.tuning.commandMs) return known.reply;
    const reply = this.#execute(name, payload);
    this.#answered.delete(call);
    this.#answered.set(call, { at: now, reply });
    const [oldest] = this.#answered.keys();
    if (this.#answered.size > 32 && oldest !== undefined) this.#answered.delete(oldest);
    return reply;
  }

  /** Never rejects. A message has no answer; MQTT has acknowledged it already. */
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
    const { status } = await this.#execute(name, payload);
    log.info("cloud-command-offline", { ...fields, status });
  }

  async #execute(name: string, payload: Payload): Promise<CommandReply> {
    const { log, tuning, onCommand } = this.#options;
    if (!isCommandName(name)) return refusal(404, "There is no such command.");
    if (!payload.ok) return refusal(400, `The parameter is ${payload.why}.`);
    const parameter = readParameter(name, payload.value);
    if (!parameter.ok) return refusal(400, parameter.why);
    if (this.#calls.count >= maxConcurrent) return refusal(429, "Too many commands are running.");
    try {
      const reply = await this.#calls.make<CommandReply>(tuning.commandMs, (done) => {
        onCommand(name, parameter.value).then((answer) => done(undefined, answer), done);
      });
      return reply ?? refusal(500, "No answer.");
    } catch (error) {
      log.error("cloud-command-failed", { command: name, error: messageOf(error) });
      return refusal(500, "The command failed; see the device's log.");
    }
  }

  #isLate({ expiry }: InboundMessage): boolean {
    if (expiry === undefined) return false;
    const now = this.#options.clock.wallNow();
    // A clock that is known to be wrong cannot tell; the hub has checked the expiry before.
    return isTrustedWallTime(now) && Date.parse(expiry) < now;
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
  | { readonly ok: true; readonly value: CommandParameter | undefined }
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
  // Safe: `validateValue` has accepted it.
  return { ok: true, value: given as CommandParameter };
}

const isEmptyRecord = (value: unknown): boolean => isRecord(value) && Object.keys(value).length === 0;

const refusal = (status: number, message: string): CommandReply => ({ status, payload: { message } });
