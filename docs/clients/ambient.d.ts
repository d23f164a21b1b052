/// <reference lib="dom" />
// As much of React and React Query as the example uses, so that it is checked without them. Your
// app has the real ones.
declare module "react" {
  export function useEffect(effect: () => void | (() => void), dependencies: unknown[]): void;
  export function useState<T>(first: T): [T, (next: T) => void];
}

declare module "@tanstack/react-query" {
  export interface QueryClient {
    setQueryData<T>(key: unknown[], change: (old: T | undefined) => T | undefined): void;
  }
  export function useQueryClient(): QueryClient;
}
