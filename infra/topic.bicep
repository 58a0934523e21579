// The system topic of the ACS resource: Azure allows one for each resource, so one that
// exists is used. Its own identity writes dead letters, since a user-assigned one may not
// where the storage account has a firewall.
param name string
param create bool
param acsId string
param tags object

resource created 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (create) {
  name: name
  location: 'global'
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: acsId
    topicType: 'Microsoft.Communication.CommunicationServices'
  }
}

resource known 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = if (!create) {
  name: name
}

output id string = create ? created.id : known.id
output name string = name
output principalId string = create ? (created.?identity.principalId ?? '') : (known.?identity.principalId ?? '')
