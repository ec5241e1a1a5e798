import { createRouter, createWebHistory } from 'vue-router'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/sign-in', name: 'sign-in', component: () => import('./views/SignInView.vue') },
    { path: '/', name: 'home', component: () => import('./views/HomeView.vue') },
    { path: '/runs', name: 'runs', component: () => import('./views/RunsView.vue') },
    { path: '/runs/:id', name: 'run', component: () => import('./views/RunView.vue'), props: true },
    { path: '/calls', name: 'calls', component: () => import('./views/CallsView.vue') },
    { path: '/calls/:id', name: 'call', component: () => import('./views/CallView.vue'), props: true },
    { path: '/alerts', name: 'alerts', component: () => import('./views/AlertsView.vue') },
    { path: '/imports/:id?', name: 'imports', component: () => import('./views/ImportsView.vue'), props: true },
    { path: '/prompts', name: 'prompts', component: () => import('./views/PromptsView.vue') },
    { path: '/trunks', name: 'trunks', component: () => import('./views/TrunksView.vue') },
    { path: '/policy', name: 'policy', component: () => import('./views/PolicyView.vue') },
    { path: '/users', name: 'users', component: () => import('./views/UsersView.vue') },
    { path: '/due', name: 'due', component: () => import('./views/DueView.vue') },
    { path: '/my-patients', name: 'my-patients', component: () => import('./views/MyPatientsView.vue') },
    { path: '/by-diagnosis', name: 'by-diagnosis', component: () => import('./views/ByDiagnosisView.vue') },
    { path: '/topics', name: 'topics', component: () => import('./views/TopicsView.vue') },
    { path: '/patients', name: 'patients', component: () => import('./views/PatientsView.vue') },
    { path: '/patients/:id', name: 'patient', component: () => import('./views/PatientView.vue'), props: true },
    { path: '/tasks/:id', name: 'task', component: () => import('./views/TaskView.vue'), props: true },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
