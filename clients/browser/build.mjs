// Bundles the module for web apps: `make browser-client` runs it. With --check it compares with the committed file.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const OUTPUT = here("../../services/portal/static/usage-telemetry.js");
const HASH = here("usage-telemetry.js.sha256");
const PACKAGES = ["@cloudflare/voprf-ts", "@noble/curves", "@noble/hashes"];

// The library lists "default" before "import" in its exports, so every bundler takes its CommonJS files, which cannot be
// shaken out. Here the same files are taken as modules.
const MODULES = {
  "@cloudflare/voprf-ts": "node_modules/@cloudflare/voprf-ts/lib/esm/src/index.js",
  "@cloudflare/voprf-ts/crypto-noble": "node_modules/@cloudflare/voprf-ts/lib/esm/src/cryptoNoble.js",
};
const asModules = {
  name: "as-modules",
  setup(bundler) {
    bundler.onResolve({ filter: /^@cloudflare\/voprf-ts/ }, ({ path }) => ({ path: here(MODULES[path]) }));
  },
};

// The library's default arithmetic is 200 KiB that ristretto255 does not use; src/tokens.js names the one it needs.
const withoutDefault = {
  name: "without-default-provider",
  setup(bundler) {
    bundler.onLoad({ filter: /voprf-ts[\\/]lib[\\/]esm[\\/]src[\\/]buildSettings\.js$/ }, () => ({
      contents: "export const CRYPTO_PROVIDER_ARG_REQUIRED = false; export const DEFAULT_CRYPTO_PROVIDER = undefined;",
    }));
  },
};

function licence(name) {
  const { version } = JSON.parse(readFileSync(here(`node_modules/${name}/package.json`), "utf8"));
  const file = name === "@cloudflare/voprf-ts" ? "LICENSE.txt" : "LICENSE";
  return `${name} ${version}\n\n${readFileSync(here(`node_modules/${name}/${file}`), "utf8").trim()}`;
}

const licences = PACKAGES.map(licence).join("\n\n----\n\n").replaceAll("*/", "* /");
const built = await build({
  absWorkingDir: here("."),
  entryPoints: ["src/usage-telemetry.js"],
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: "// Made by `make browser-client` from clients/browser; do not edit. Licences are at the end." },
  footer: { js: `/*!\n${licences}\n*/` },
  plugins: [asModules, withoutDefault],
  write: false,
});
const content = built.outputFiles[0].text;
const hash = `${createHash("sha256").update(content).digest("hex")}  usage-telemetry.js\n`;

if (process.argv.includes("--check")) {
  if (readFileSync(OUTPUT, "utf8") !== content || readFileSync(HASH, "utf8") !== hash) {
    console.error("services/portal/static/usage-telemetry.js is not what the sources make: run `make browser-client`");
    process.exit(1);
  }
  console.log("The committed bundle is what the sources make.");
} else {
  writeFileSync(OUTPUT, content);
  writeFileSync(HASH, hash);
}
