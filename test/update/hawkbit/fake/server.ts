/**
 * A strict hawkBit on 127.0.0.1: the device's side of a hawkBit 1.1.0 server over HTTP, as recorded of a genuine one.
 * What it holds is `state`; `intercept` answers in its place, for a server that fails.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import { check } from "../../../../src/base/schema/schema.ts";
import { list, map, object } from "../../../../src/base/schema/structures.ts";
import { anything, integer, oneOf, optional, string } from "../../../../src/base/schema/values.ts";
import * as answers from "./answers.ts";
import { type Answer, document, empty } from "./answers.ts";
import { artifactAnswer } from "./ranges.ts";
import { type Action, FakeState, type Status, type Target } from "./state.ts";

const executions = [
  "closed",
  "proceeding",
  "canceled",
  "scheduled",
  "rejected",
  "resumed",
  "downloaded",
  "download",
] as const;
const feedbackBody = object({
  id: optional(anything),
  time: optional(anything),
  status: object({
    execution: oneOf(executions),
    result: object({
      finished: oneOf(["success", "failure", "none"]),
      progress: optional(object({ cnt: integer(), of: optional(integer()) })),
    }),
    code: optional(integer()),
    details: optional(list(string())),
  }),
});
const configBody = object({
  mode: optional(oneOf(["merge", "replace", "remove"])),
  data: map(string()),
});
const confirmationBody = object({
  confirmation: oneOf(["confirmed", "denied"]),
  code: optional(integer()),
  details: optional(list(string())),
});

const maxStatuses = 1000;
const maxMessages = 50;
const maxAttributes = 100;
const maxAttributeLength = 128;

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An answer of the test's own; `undefined`: the server's; "silence": none at all. */
export type Intercept = (request: Received) => Partial<Answer> | "silence" | undefined;

export interface FakeTls {
  readonly cert: string;
  readonly key: string;
  /** Of the units' certificates. */
  readonly ca: string;
}

interface Call extends Received {
  readonly tenant: string;
  readonly target: Target;
  /** Where the links lead. */
  readonly base: string;
  readonly downloads: string;
  readonly rest: readonly string[];
}

export class FakeHawkbit {
  readonly state = new FakeState();
  readonly received: Received[] = [];
  intercept: Intercept | undefined;
  readonly #server: Server;

  readonly #tls: FakeTls | undefined;

  private constructor(tls: FakeTls | undefined) {
    this.#tls = tls;
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#serve(request, response);
    this.#server = tls
      ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, serve)
      : createServer(serve);
  }

  /** @param tls for https:, as a proxy before hawkBit does it: a certificate of `ca` names the controller */
  static async start(tls?: FakeTls): Promise<FakeHawkbit> {
    const fake = new FakeHawkbit(tls);
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `${this.#tls ? "https" : "http"}://${this.host}`;
  }

  get host(): string {
    return `${this.#tls ? "localhost" : "127.0.0.1"}:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received: Received = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    this.received.push(received);
    const own = this.intercept?.(received);
    const certified = request.socket instanceof TLSSocket && request.socket.authorized;
    const name = certified
      ? String((request.socket as TLSSocket).getPeerCertificate().subject.CN)
      : undefined;
    if (own === "silence") return;
    const answer = own === undefined ? this.#answer(received, name) : { ...empty(200), ...own };
    const headers = own?.body === undefined ? answer.headers : { ...answer.headers, ...lengthOf(own) };
    response.writeHead(answer.status, headers);
    if (answer.chunked === true) response.write("");
    response.end(received.method === "HEAD" ? undefined : answer.body);
  }

  #answer(received: Received, certified: string | undefined): Answer {
    const url = new URL(received.path, this.url);
    const [, tenant = "", controller, version, id = "", ...rest] = url.pathname.split("/");
    if (controller !== "controller" || version !== "v1") return empty(404);
    const controllerId = decodeURIComponent(id);
    const target =
      certified === controllerId
        ? this.state.targets.get(controllerId)
        : this.#authenticated(received.headers.authorization, tenant, controllerId);
    if (target === undefined) return empty(401);
    const at = (name: string) =>
      `${this.#tls ? "https" : "http"}://${received.headers.host}/${name}/controller/v1/${id}`;
    const call: Call = {
      ...received,
      tenant,
      target,
      base: at(tenant),
      downloads: at("DEFAULT"),
      rest,
    };
    return this.#route(call);
  }

  #authenticated(given: string | undefined, tenant: string, id: string): Target | undefined {
    const { state } = this;
    if (tenant.toLowerCase() !== state.tenant) return undefined;
    const target = state.targets.get(id);
    const isGateway = state.gatewayToken !== undefined && given === `GatewayToken ${state.gatewayToken}`;
    if (isGateway) return target ?? state.addTarget(id);
    return target !== undefined && given === `TargetToken ${target.token}` ? target : undefined;
  }

  #route(call: Call): Answer {
    const { method, target, rest, headers } = call;
    const [resource, number, last] = rest;
    const reads = method === "GET" || method === "HEAD";
    const ifNoneMatch = headers["if-none-match"];
    if (resource === undefined) {
      if (!reads) return answers.wrongMethod(new Date());
      target.polls += 1;
      return document(answers.controllerBase(this.state, target, call.base), ifNoneMatch);
    }
    if (resource === "configData")
      return method === "PUT" ? configData(call) : answers.wrongMethod(new Date());
    if (resource === "softwaremodules") return this.#download(call);
    if (resource === "confirmationBase" && number?.endsWith("AutoConfirm")) return empty(200);
    const action = target.actions.find(({ id }) => id === Number(number));
    if (action === undefined) return answers.noAction(Number(number));
    if (last === "feedback") {
      return method === "POST"
        ? this.#feedback(call, action, String(resource))
        : answers.wrongMethod(new Date());
    }
    if (!reads) return answers.wrongMethod(new Date());
    if (resource === "cancelAction") {
      return document({ id: String(action.id), cancelAction: { stopId: String(action.id) } }, ifNoneMatch);
    }
    action.retrieve();
    const member = resource === "confirmationBase" ? "confirmation" : "deployment";
    return document(answers.deployment(action, member, call.downloads), ifNoneMatch);
  }

  #feedback({ target, body }: Call, action: Action, resource: string): Answer {
    if (resource === "confirmationBase") {
      const given = parsed(confirmationBody, body);
      if (given === undefined) return answers.notReadable;
      if (action.state !== "wait-confirmation") return empty(404);
      const details = given.details ?? [];
      action.statuses.push({ execution: given.confirmation, finished: "none", details, code: given.code });
      if (given.confirmation === "confirmed") this.state.confirm(action);
      return empty(200);
    }
    const given = parsed(feedbackBody, body);
    if (given === undefined) return answers.notReadable;
    const { execution, result, code, details = [] } = given.status;
    const status: Status = { execution, finished: result.finished, details, code };
    if (resource === "cancelAction" && action.state !== "canceling") return answers.notCancelable;
    if (!action.isActive) return empty(410);
    if (details.some((detail) => /[<>]/.test(detail))) return answers.invalidCharacters;
    if (details.length > maxMessages)
      return answers.quotaExceeded(details.length, "Message", "ActionStatus '<new>'", maxMessages);
    if (action.rows >= maxStatuses && execution !== "closed")
      return answers.quotaExceeded(1, "ActionStatus", `Action '${action.id}'`, maxStatuses);
    if (resource === "cancelAction") this.state.cancelFeedback(target, action, status);
    else this.state.feedback(target, action, status);
    return empty(200);
  }

  #download({ target, rest, headers }: Call): Answer {
    const [, moduleId, , filename] = rest;
    const module = this.state.modules.find(({ id }) => id === Number(moduleId));
    if (module === undefined) return answers.noModule(Number(moduleId));
    const mayHaveIt = target.actions.some(
      ({ state, modules }) => !["canceling", "canceled"].includes(state) && modules.includes(module),
    );
    if (!mayHaveIt) return answers.notAssigned(module.id, target);
    const artifact = module.artifacts.find((each) => each.filename === filename);
    if (artifact === undefined) return empty(404);
    const ifRange = headers["if-range"];
    return artifactAnswer(artifact, headers.range, typeof ifRange === "string" ? ifRange : undefined);
  }
}

function configData({ target, body }: Call): Answer {
  const given = parsed(configBody, body);
  if (given === undefined) return answers.notReadable;
  const { mode = "merge", data } = given;
  const entries = Object.entries(data);
  const isLong = (text: string) => text.length > maxAttributeLength;
  if (entries.some(([key, value]) => isLong(key) || isLong(value))) return answers.invalidAttributes;
  const next = new Map(mode === "replace" ? [] : target.attributes);
  for (const [key, value] of entries) {
    if (mode === "remove") next.delete(key);
    else next.set(key, value);
  }
  if (next.size > maxAttributes)
    return answers.quotaExceeded(next.size, "Attribute", `Target '${target.rowId}'`, maxAttributes);
  target.attributes.clear();
  for (const [key, value] of next) target.attributes.set(key, value);
  return empty(200);
}

function parsed<T>(schema: Parameters<typeof check<T>>[0], body: string): T | undefined {
  try {
    const checked = check(schema, JSON.parse(body));
    return checked.ok ? checked.value : undefined;
  } catch {
    return undefined;
  }
}

const lengthOf = ({ body, chunked }: Partial<Answer>): Record<string, string> =>
  body === undefined || chunked === true ? {} : { "content-length": String(body.length) };
