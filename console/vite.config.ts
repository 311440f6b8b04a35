import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { alias: { "@wire": join(import.meta.dirname, "../src/wire") } },
  css: { modules: { generateScopedName: "[local]_[hash:base64:4]" } },
  build: {
    outDir: "dist",
    // Browsers that know light-dark() and nested rules: nothing is rewritten for older ones.
    target: ["chrome125", "firefox128", "safari18"],
    // No inlined files: the content security policy allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The test of its budgets counts bytes by it.
    manifest: "manifest.json",
  },
  // `vite dev` beside a running Baton.
  server: { proxy: { "/api": "http://127.0.0.1:4440" } },
});
