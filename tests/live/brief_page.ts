// A page around the brief's hook: what React, React Query and a browser would do for it.
// Prints every change of the cache and every notification; unmounts when its input ends.
const [hook, url, origin, cookie, ...integrationIds] = Deno.args;
const say = (word: string, value: unknown) => console.log(JSON.stringify({ [word]: value }));

const cache = new Map<string, Record<string, unknown>>();
let unmount = () => {};

Object.assign(globalThis, {
  WS_URL: url,
  useEffect: (effect: () => () => void) => (unmount = effect()),
  queryClient: {
    setQueryData: (key: string[], change: (old: unknown) => Record<string, unknown>) => {
      const name = key.join("/");
      cache.set(name, change(cache.get(name) ?? { statistics: "kept" }));
      say(name, cache.get(name));
    },
  },
  showNotification: (what: unknown) => say("notification", what),
  // A browser adds both by itself.
  WebSocket: class extends WebSocket {
    constructor(address: string) {
      super(address, { headers: { cookie, origin } });
    }
  },
});

const { useHealthUpdates } = await import(hook);
useHealthUpdates(integrationIds);
for await (const _ of Deno.stdin.readable);
unmount();
