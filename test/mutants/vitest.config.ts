/** The tests as ever, but the quickest first: the first that fails on a mutant ends the run. */
import { relative } from "node:path";
import { mergeConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import ordinary from "../../.config/vitest.config.ts";

class QuickestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { cache, config } = this.ctx;
    const duration = ({ project, moduleId }: TestSpecification): number =>
      // What has never run may be long.
      cache.getFileTestResults(`${project.name}:${relative(config.root, moduleId)}`)?.duration ?? Infinity;
    const timed = files.map((file) => ({ file, ms: duration(file) }));
    return Promise.resolve(timed.toSorted((a, b) => (a.ms < b.ms ? -1 : 1)).map(({ file }) => file));
  }
}

export default mergeConfig(ordinary, { test: { sequence: { sequencer: QuickestFirst } } });
