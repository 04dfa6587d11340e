/** What workerd has of it (`nodejs_compat` and `nodejs_als`), as far as tests use it: Node's own types do not go with workerd's. */
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, run: () => R): R
    getStore(): T | undefined
  }
}
