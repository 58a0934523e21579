// The ACS resource, in its own resource group, and the right to read its chats.
param name string
param create bool
param dataLocation string
param principalId string
param tags object

// Communication and Email Service Owner: the only built-in role that lets an identity
// issue tokens for the resource's users, which is how threads are read.
var communicationOwner = '09976791-48a7-449e-bb21-39d1a415f350'

resource created 'Microsoft.Communication/communicationServices@2025-09-01' = if (create) {
  name: name
  location: 'global'
  tags: tags
  properties: {
    dataLocation: dataLocation
    // No access keys. An existing resource keeps what it has: its applications may need
    // them; docs/security.md says how to switch them off.
    disableLocalAuth: true
  }
}

resource acs 'Microsoft.Communication/communicationServices@2025-09-01' existing = {
  name: name
}

resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: acs
  name: guid(acs.id, principalId, communicationOwner)
  dependsOn: [created]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', communicationOwner)
  }
}

output id string = acs.id
output endpoint string = 'https://${create ? (created.?properties.hostName ?? '') : acs.properties.hostName}'
