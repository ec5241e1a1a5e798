import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// Hospitals' browsers are old: Chrome 86 is what Windows 7 still gets.
export default defineConfig({
  plugins: [vue()],
  build: { target: 'chrome86', cssTarget: 'chrome86', assetsInlineLimit: 0, chunkSizeWarningLimit: 900 },
  define: { __VUE_I18N_LEGACY_API__: false, __VUE_I18N_FULL_INSTALL__: false, __VUE_PROD_DEVTOOLS__: false },
  // The server takes writes only from its own page: the host must stay the one in the address bar.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:18080', changeOrigin: false } } },
})
