// The arrows between the parts of src/, as rules of dependency-cruiser. test/architecture runs them, proves that every
// module was seen, and seeds a violation of each rule.
//
//   commands → firmware → { board, simulation, azure, home-assistant, hub, update, manifest } → { chips, protocol } → control → model → base
//
// An arrow may skip a part, never turn round; parts in braces never import each other. src/bootstrap stands apart.

const siblings = "board|simulation|azure|home-assistant|hub|update|manifest";
/** base without the folder that touches the disk. */
const pureBase = "base/(?!files/)";

/** A rule: modules under `from` may import nothing of ours but what `allowed` matches. */
const only = (name, from, allowed, comment) => ({
  name,
  severity: "error",
  comment,
  from: { path: from },
  to: { path: "^src/", pathNot: allowed },
});

/** A rule: the packages may be imported under `from` alone. */
const packageOnlyIn = (name, packages, from, comment) => ({
  name,
  severity: "error",
  comment,
  from: { pathNot: from },
  // The resolved path where the package is installed, its bare name where it is not.
  to: { path: `(^|node_modules/)(${packages})(/|$)` },
});

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      severity: "error",
      comment: "Two modules that need each other, be it for a type, are one module, or lack a third.",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphan",
      severity: "error",
      comment: "A module that nothing imports and that imports nothing is left over.",
      from: {
        orphan: true,
        pathNot:
          "^src/((main|loop|cloud|home-assistant|generate|hub/page/app/service-worker)\\.ts$|bootstrap/)|\\.d\\.ts$",
      },
      to: {},
    },
    {
      name: "no-unresolvable",
      severity: "error",
      comment: "An import that leads nowhere. The native packages are optional: there they may be missing.",
      from: {},
      to: { couldNotResolve: true, pathNot: "^(i2c-bus|onoff|epoll)$" },
    },
    {
      name: "no-dev-package",
      severity: "error",
      comment: "What runs on a device must be there without the development packages. Types vanish.",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["type-only"],
        pathNot: "node_modules/@types/",
      },
    },
    {
      name: "base-is-pure",
      severity: "error",
      comment: "Ground floor: no package, no node:, no domain. What touches the disk is in base/files.",
      from: { path: `^src/${pureBase}` },
      to: { pathNot: `^src/${pureBase}` },
    },
    {
      name: "model-is-pure",
      severity: "error",
      comment: "The tables of what the device is: over base alone.",
      from: { path: "^src/model/" },
      to: { pathNot: `^src/(model/|${pureBase})` },
    },
    {
      name: "control-is-pure",
      severity: "error",
      comment: "The core decides: no package, no node:, no other part than model and base.",
      from: { path: "^src/control/" },
      to: { pathNot: `^src/(control/|model/|${pureBase})` },
    },
    {
      name: "chips-need-no-platform",
      severity: "error",
      comment: "Codecs over a port: the same in a simulation, a test and a browser.",
      from: { path: "^src/chips/" },
      to: { pathNot: `^src/(chips/|control/|model/|${pureBase})` },
    },
    only(
      "protocol-knows-azure-alone",
      "^src/protocol/",
      "^src/(protocol|base)/",
      "What Azure fixes for device and hub alike: names, keys, topics.",
    ),
    {
      name: "siblings-are-strangers",
      severity: "error",
      comment: "What two of them need lives in chips, protocol or below, or is handed in by firmware.",
      from: { path: `^src/(${siblings})/` },
      to: { path: `^src/(${siblings})/`, pathNot: "^src/$1/" },
    },
    only(
      "base-is-the-ground",
      "^src/base/files/",
      "^src/base/",
      "No domain in it: it would fit another program.",
    ),
    only(
      "siblings-look-down",
      `^src/(${siblings})/`,
      `^src/(${siblings}|chips|protocol|control|model|base)/`,
      "Not up to firmware or commands.",
    ),
    only(
      "firmware-looks-down",
      "^src/firmware/",
      `^src/(firmware|${siblings}|chips|protocol|control|model|base)/`,
      "The composition does not know the command line.",
    ),
    only(
      "commands-look-down",
      "^src/commands/",
      `^src/(?!(main|cli|loop|cloud|home-assistant|updater|alerts|generate)\\.ts|bootstrap/)`,
      "Not up to the entry.",
    ),
    only(
      "main-only-dispatches",
      "^src/(main|cli|loop|cloud|home-assistant|updater|alerts)\\.ts$",
      "^src/(cli\\.ts$|(commands|firmware|base)/)",
      "The entry finds a verb and reports its failure; what verbs do is theirs.",
    ),
    only(
      "generate-reads-tables",
      "^src/generate\\.ts$",
      "^src/(firmware/process|board/screen|model)/",
      "It writes what derives from the tables; it runs on a developer's machine alone.",
    ),
    {
      name: "bootstrap-stands-apart",
      severity: "error",
      comment:
        "It runs before anything is installed or built: node: and itself, and the bundler once that is there.",
      from: { path: "^src/bootstrap/" },
      to: { dependencyTypesNot: ["core"], pathNot: "^src/bootstrap/|(^|node_modules/)esbuild(/|$)" },
    },
    {
      name: "nobody-imports-bootstrap",
      severity: "error",
      comment: "Plain scripts for a checkout; the firmware does not contain them.",
      from: { pathNot: "^src/bootstrap/" },
      to: { path: "^src/bootstrap/" },
    },
    packageOnlyIn("bundler-in-bootstrap", "esbuild", "^src/bootstrap/", "Devices run what was bundled."),
    packageOnlyIn(
      "hardware-in-board",
      "johnny-five|i2c-bus|onoff|epoll",
      "^src/board/",
      "One part touches hardware.",
    ),
    packageOnlyIn(
      "azure-sdk-in-azure",
      "azure-[^/]+|@azure/[^/]+",
      "^src/azure/",
      "One part knows the Azure SDK.",
    ),
    packageOnlyIn("broker-in-hub", "aedes[^/]*", "^src/hub/", "One part holds the broker."),
    {
      name: "native-is-lazy",
      severity: "error",
      comment:
        "A native package that cannot be built costs its hardware, never the start: import() where it is opened.",
      from: { path: "^src/" },
      to: {
        path: "(^|node_modules/)(i2c-bus|onoff|epoll)(/|$)",
        dynamic: false,
        dependencyTypesNot: ["type-only"],
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Types are arrows too: a type of a higher part in a lower one is the same knot.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ["import", "require", "node", "default"],
      exportsFields: ["exports"],
    },
  },
};
