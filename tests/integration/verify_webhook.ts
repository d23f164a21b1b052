// Verifies a webhook as the specification of Standard Webhooks tells a receiver to.
const told = JSON.parse(await new Response(Deno.stdin.readable).text());
const bytes = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const id: string = told.headers["webhook-id"];
const timestamp: string = told.headers["webhook-timestamp"];
const head = new TextEncoder().encode(`${id}.${timestamp}.`);
const body = bytes(told.body);
const content = new Uint8Array(head.length + body.length);
content.set(head);
content.set(body, head.length);

const hmac = { name: "HMAC", hash: "SHA-256" };
const secret = bytes(told.secret.replace(/^whsec_/, ""));
const key = await crypto.subtle.importKey("raw", secret, hmac, false, ["verify"]);
const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
let isSigned = false;
for (const signature of told.headers["webhook-signature"].split(" ")) {
  const [version, value] = signature.split(",");
  isSigned ||= version === "v1" && await crypto.subtle.verify("HMAC", key, bytes(value), content);
}
console.log(isFresh && isSigned ? "verified" : "refused");
