/** `npm run generate`: writes what derives from the tables: the documents in manifest/model, and model/displays.ts. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { displayRows } from "./board/screen/displays.ts";
import { packageRoot } from "./firmware/process/package-root.ts";
import { displayKindsSource, documents } from "./model/documents.ts";

for (const [name, text] of documents()) writeFileSync(join(packageRoot, "manifest", "model", name), text);
writeFileSync(join(packageRoot, "src/model/displays.ts"), displayKindsSource(Object.keys(displayRows)));
