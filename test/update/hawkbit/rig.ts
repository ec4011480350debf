/** A client at a fake server, and a unit with its updater at one. */
import { get } from "node:http";
import { silentLog } from "../../../src/base/log.ts";
import { minutes } from "../../../src/base/units.ts";
import { VirtualClock } from "../../../src/simulation/time/virtual-clock.ts";
import type { Attributes } from "../../../src/update/hawkbit/attributes.ts";
import { type Consent, HawkbitSource } from "../../../src/update/hawkbit/hawkbit.ts";
import { type Http, systemHttp } from "../../../src/update/hawkbit/http.ts";
import { hawkbitAccess } from "../../../src/update/hawkbit/options.ts";
import { type Assignment, type ImageLocation, SourceError } from "../../../src/update/source.ts";
import { noProxy, type ProxySettings } from "../../../src/update/transport/proxy.ts";
import type { DownloadResult, Downloads } from "../../../src/update/updater/ports.ts";
import { type Health, Unit } from "../updater/unit.ts";
import { FakeHawkbit } from "./fake/server.ts";
import type { SoftwareModule, Target } from "./fake/state.ts";

export interface ClientOptions {
  readonly clock?: VirtualClock;
  readonly attributes?: () => Attributes;
  readonly consent?: () => Consent;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly readPem?: (path: string) => string;
  readonly proxy?: ProxySettings;
}

export const signal = new AbortController().signal;

/** The client of a target of a fake, or of another server. */
export function clientOf(
  { url }: { readonly url: string },
  { id, token }: Pick<Target, "id" | "token">,
  {
    clock = new VirtualClock(),
    attributes,
    consent,
    settings,
    readPem = String,
    proxy = noProxy,
  }: ClientOptions = {},
): HawkbitSource {
  const given = { server: url, tenant: "default", controllerId: id, targetToken: token, ...settings };
  const access = hawkbitAccess(given, readPem);
  const { caPem, identity, base } = access;
  const http = systemHttp({
    proxy,
    authorities: caPem,
    identity: identity && { origin: base.origin, ...identity },
    refusal: () => undefined,
  });
  return new HawkbitSource({
    access,
    http: ((request) => held(clock, http(request))) satisfies Http,
    clock,
    log: silentLog,
    attributes: attributes ?? (() => ({ version: "0.1.0" })),
    consent: consent ?? (() => ({ given: true })),
  });
}

/** Virtual time stands still while a real request runs, and until whoever waits for it has begun the next thing. */
function held<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  const after = () => new Promise((resolve) => setImmediate(resolve));
  void clock.holdDuring(work.then(after, after));
  return work;
}

/** A download without manners: whole, in memory. The real one has its own tests. */
export class PlainDownloads implements Downloads {
  readonly #clock: () => VirtualClock;
  readonly #held = new Map<string, Buffer>();
  readonly asked: ImageLocation[] = [];
  /** Stands between the head and the body. */
  pause: ((signal: AbortSignal) => Promise<void>) | undefined;

  constructor(clock: () => VirtualClock) {
    this.#clock = clock;
  }

  async download(
    { image }: Assignment,
    _options: { readonly urgent: boolean },
    onProgress: (percent: number) => void,
    stop: AbortSignal,
  ): Promise<DownloadResult> {
    this.asked.push(image);
    await this.pause?.(stop);
    if (stop.aborted) return { kind: "again", code: "aborted", reason: "aborted" };
    const { status, bytes } = await held(this.#clock(), fetched(image));
    if (status === 404 || status === 410) return { kind: "gone", reason: `answered ${status}` };
    if (status !== 200) return { kind: "again", code: "not-allowed", reason: `answered ${status}` };
    for (const percent of [25, 50, 75, 100]) onProgress(percent);
    this.#held.set(image.url, bytes);
    return { kind: "done", path: image.url };
  }

  read(path: string): Buffer {
    return this.#held.get(path) ?? Buffer.alloc(0);
  }

  async discard(): Promise<void> {
    this.#held.clear();
  }
}

function fetched({
  url,
  headers,
}: ImageLocation): Promise<{ readonly status: number; readonly bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
    }).on("error", reject);
  });
}

/** A server with one unit, and a release that can be assigned to it. */
export async function fakeWithUnit(): Promise<{
  readonly fake: FakeHawkbit;
  readonly target: Target;
  readonly module: SoftwareModule;
}> {
  const fake = await FakeHawkbit.start();
  const target = fake.state.addTarget("unit-1");
  const module = fake.state.addModule({ bytes: Buffer.from("an image"), version: "0.6.0" });
  return { fake, target, module };
}

/** A unit that asks a fake for updates. */
export function unitAt(
  fake: { readonly url: string },
  target: Pick<Target, "id" | "token">,
  options: ClientOptions & {
    readonly health?: Health;
    readonly random?: () => number;
  } = {},
): { readonly unit: Unit; readonly downloads: PlainDownloads } {
  const downloads = new PlainDownloads(() => unit.clock);
  const { health, clock, random, ...client } = options;
  const unit: Unit = new Unit({
    sources: () => [clientOf(fake, target, { ...client, clock: unit.clock })],
    downloads,
    ...(health && { health }),
    ...(clock && { clock }),
    ...(random && { random }),
  });
  return { unit, downloads };
}

export const someTime = minutes(20);

/** Only what ends an action, as the server's history shows it. */
export const closings = (target: Target): readonly string[] =>
  target.history.filter((line) => / (closed|canceled|cancel closed) /.test(line));

export const bodiesTo = (fake: FakeHawkbit, ending: string): readonly unknown[] =>
  fake.received
    .filter(({ method, path }) => method !== "GET" && path.endsWith(ending))
    .map(({ body }) => JSON.parse(body) as unknown);

export async function problemOf(work: Promise<unknown>): Promise<SourceError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SourceError) return error;
  throw new Error(`no SourceError: ${String(error)}`);
}

/** For `intercept`: a body of JSON. */
export const answer = (value: unknown) => ({ status: 200, body: Buffer.from(JSON.stringify(value)) });
