// A small Node shop: node shop.mjs ADDRESS PORT NAME. LAB_MODE breaks its home page.
import http from "node:http";

const [address, port, name] = process.argv.slice(2);
const mode = process.env.LAB_MODE ?? "";

const server = http.createServer((request, response) => {
  let path = request.url.split("?")[0];
  if (path === "/" && mode) path = "/" + mode;
  if (path === "/exception") throw new Error("cannot read properties of undefined (reading 'price')");
  if (path === "/hang") return;
  if (path === "/cut") {
    response.writeHead(200, { "content-length": 100000 });
    response.write("x".repeat(20000), () => request.socket.destroy());
    return;
  }
  const status = path === "/" || path === "/health" ? 200 : 404;
  response.writeHead(status, { "content-type": "text/html", "x-node": name });
  response.end(`<!doctype html><title>Shop ${name}</title><h1>Shop</h1><p>${"goods ".repeat(50)}</p>\n`);
});
// A new release fills its caches before it listens.
const start = () =>
  server.listen(Number(port), address, () => console.log(`listening on ${address}:${port}`));
setTimeout(start, 1000 * Number(process.env.LAB_START_SECONDS ?? "0"));
