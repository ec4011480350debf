/**
 * A hub in small: desired with `$version` and, as a real hub keeps it, the version that touched each property last;
 * reported; merges with null for deletion. Written from IoT Hub's documentation, shares nothing with the device.
 */
export type Json = string | number | boolean | null | { readonly [name: string]: Json };
export type Patch = Readonly<Record<string, Json>>;

/** The same for the same value, in whatever order its names stand. */
export const sortedText = (value: Json): string =>
  JSON.stringify(value, (_, member: Json) =>
    typeof member === "object" && member !== null
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

interface Document {
  [name: string]: Json;
}

/** What the hub hands out. `knows` is not on the wire: which edits of the device the hub had seen by then. */
export type Sent =
  | { readonly kind: "patch"; readonly patch: Patch; readonly version: number }
  | {
      readonly kind: "document";
      readonly rid: number;
      readonly document: string;
      readonly knows: Edits;
    }
  | { readonly kind: "reported"; readonly id: number };

/** Numbers of the device's edits by property. */
export type Edits = ReadonlyMap<string, number>;

export class Cloud {
  version = 1;
  reportedVersion = 1;
  readonly desired: Document = {};
  readonly reported: Document = {};
  /** `$lastUpdatedVersion`, as the hub's metadata has it and a device never sees. */
  readonly touched = new Map<string, number>();
  #knows = new Map<string, number>();

  edit(patch: Patch): Sent {
    merge(this.desired, patch);
    this.version++;
    for (const [name, value] of Object.entries(patch)) {
      if (value === null) this.touched.delete(name);
      else this.touched.set(name, this.version);
    }
    return { kind: "patch", patch, version: this.version };
  }

  get(rid: number): Sent {
    const desired = { ...this.desired, $version: this.version };
    const reported = { ...this.reported, $version: this.reportedVersion };
    const document = JSON.stringify({ desired, reported });
    return { kind: "document", rid, document, knows: new Map(this.#knows) };
  }

  /** @param edits that the patch tells of */
  report(id: number, patch: Patch, edits: Edits): Sent {
    merge(this.reported, patch);
    this.reportedVersion++;
    for (const [name, edit] of edits) this.#knows.set(name, edit);
    return { kind: "reported", id };
  }
}

function merge(base: Document, patch: Patch): void {
  for (const [name, value] of Object.entries(patch)) {
    const before = base[name];
    if (value === null) delete base[name];
    else if (typeof value !== "object") base[name] = value;
    else {
      const inner: Document = typeof before === "object" && before !== null ? { ...before } : {};
      merge(inner, value);
      base[name] = inner;
    }
  }
}
