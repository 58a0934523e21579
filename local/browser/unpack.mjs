// Unpacks what npm installed: the browser, its fonts, and the libraries that a bare
// machine lacks (NSS, NSPR), into the folder given, which is put into its place when whole.
import { execFileSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const place = resolve(process.argv[2]), work = `${place}.new`;
const packed = resolve(import.meta.dirname, "node_modules/@sparticuz/chromium/bin");

const unpack = (name, file, mode) =>
  pipeline(createReadStream(join(packed, name)), createBrotliDecompress(), createWriteStream(file, { mode }));

rmSync(work, { recursive: true, force: true });
mkdirSync(work);
await unpack("chromium.br", join(work, "chrome"), 0o755);
for (const name of ["al2023", "fonts"]) {
  const tar = join(work, `${name}.tar`);
  await unpack(`${name}.tar.br`, tar, 0o644);
  execFileSync("tar", ["xf", tar, "-C", work]);
  rmSync(tar);
}
writeFileSync(
  join(work, "fonts.conf"),
  `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>` +
    `<dir>${place}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>${place}/cache</cachedir></fontconfig>`,
);
rmSync(place, { recursive: true, force: true });
renameSync(work, place);
