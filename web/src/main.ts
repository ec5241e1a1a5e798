import { createApp } from 'vue'
import App from './App.vue'
import { addElements } from './elements'
import { recall } from './me'
import { watchIdle } from './lock'
import { router } from './router'
import './style.css'
import { i18n } from './words'

router.beforeEach(async (to) => {
  if (to.name === 'sign-in') return true
  if (await recall()) return true
  return { name: 'sign-in', query: { to: to.fullPath } }
})

watchIdle()
const app = createApp(App)
addElements(app)
app.use(i18n).use(router).mount('#app')
