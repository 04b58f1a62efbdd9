"""WeCom 企业微信: members, customers and groups passed on, approvals seen, messages sent, callbacks believed."""
