/** Asks the sources of updates once, for a person at the unit; nothing is downloaded. */
import { messageOf } from "../../base/errors.ts";
import type { CheckResult, Held } from "../../update/source.ts";
import type { OwnerFile } from "./owner-file.ts";
import { type SourceOptions, sourcesOf } from "./sources.ts";

export interface Answer {
  readonly source: "feed" | "hawkbit";
  /** `undefined`: no update is assigned to this unit, or the assigned one already runs. */
  readonly update?: { readonly id: string; readonly version: string | null; readonly bytes: number };
  /** What will be assigned later, and why not now. */
  readonly held?: Held;
  /** Why it is not assigned what the source offers. */
  readonly passedOver?: string;
  /** Why it could not be asked, or has nothing for units such as this one. */
  readonly problem?: string;
}

/** Never rejects. */
export async function askSources(
  owner: OwnerFile,
  options: SourceOptions,
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  return Promise.all(
    sourcesOf(owner, options).map(async (source): Promise<Answer> => {
      try {
        return { source: source.kind, ...updateIn(await source.check(signal)) };
      } catch (error) {
        return { source: source.kind, problem: messageOf(error) };
      }
    }),
  );
}

const updateIn = ({
  assignment,
  held,
  passedOver,
}: CheckResult): Pick<Answer, "update" | "held" | "passedOver"> =>
  assignment === null
    ? { ...(held && { held }), ...(passedOver !== undefined && { passedOver }) }
    : {
        update: {
          id: assignment.id,
          version: assignment.version ?? null,
          bytes: assignment.image.size,
        },
      };
